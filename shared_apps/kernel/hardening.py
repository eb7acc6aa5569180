"""What a superuser takes from everybody in a new database; the owner alone gets it back.

By these functions an expression inside a query could change the session's role, or run a second
query under the changed one. Without them, SQL injected into a distributor's request stays in that
distributor's role. Needs no Django, so that whoever makes the cluster can call it.
"""

_FUNCTIONS = (
    "set_config(text, text, boolean)",
    "query_to_xml(text, boolean, boolean, text)",
    "query_to_xmlschema(text, boolean, boolean, text)",
    "query_to_xml_and_xmlschema(text, boolean, boolean, text)",
    "cursor_to_xml(refcursor, integer, boolean, boolean, text)",
    "cursor_to_xmlschema(refcursor, boolean, boolean, text)",
    "table_to_xml(regclass, boolean, boolean, text)",
    "table_to_xml_and_xmlschema(regclass, boolean, boolean, text)",
    "schema_to_xml(name, boolean, boolean, text)",
    "schema_to_xml_and_xmlschema(name, boolean, boolean, text)",
    "database_to_xml(boolean, boolean, text)",
    "database_to_xml_and_xmlschema(boolean, boolean, text)",
)


def statements(owner: str) -> list[str]:
    """To be run by a superuser in a database (or in template1, for all that are made from it)."""
    return [
        f"REVOKE EXECUTE ON FUNCTION pg_catalog.{function} FROM PUBLIC; "
        f'GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO "{owner}"'
        for function in _FUNCTIONS
    ]
