"""The shop's part of the API: what is on sale, found, compared and priced."""
