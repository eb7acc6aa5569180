"""WeChat Pay's side: APIv3 in public-key mode, the cashier, its notifications and daily bills."""
