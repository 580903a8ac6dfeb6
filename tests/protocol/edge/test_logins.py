"""Every way to log in that the official client knows, over the wire."""

from __future__ import annotations

import pytest
from odps import ODPS, errors
from odps.accounts import AppAccount, StsAccount
from odps.config import option_context
from odps.tunnel import TableTunnel

from taskhouse.domain.access import KeyKind
from taskhouse.services.access import keys

from .conftest import ADMIN, Edge


@pytest.mark.parametrize("base", ["/api", ""])
def test_signatures_of_version_4(edge: Edge, base: str) -> None:
    client = edge.client(base=base, region_name="cn-hangzhou")
    with option_context() as options:
        options.enable_v4_sign = True
        assert client.execute_sql("select 1").is_successful()
    assert client.rest.endpoint not in client.rest._endpoints_without_v4_sign


def test_temporary_keys(edge: Edge) -> None:
    key, token = keys.issue_temporary(edge.world, ADMIN, 1)

    def client(token: str) -> ODPS:
        account = StsAccount(key.access_id, key.secret, token)
        return ODPS(account=account, project="edge", endpoint=edge.url + "/api", overwrite_global=False)

    assert client(token).execute_sql("select 1").is_successful()
    with pytest.raises(errors.AuthorizationRequired, match="security token"):
        client("wrong").get_project().reload()
    edge.world.access.drop_key(key.access_id)
    with pytest.raises(errors.AuthorizationRequired, match="unknown"):
        client(token).get_project().reload()


def test_applications(edge: Edge) -> None:
    key = keys.issue(edge.world, ADMIN, kind=KeyKind.APPLICATION)
    client = edge.client(app_account=AppAccount(key.access_id, key.secret))
    assert client.execute_sql("select 1").is_successful()
    with pytest.raises(errors.SignatureNotMatch, match="application"):
        edge.client(app_account=AppAccount(key.access_id, "wrong")).get_project().reload()


def test_wrong_secrets(edge: Edge) -> None:
    client = ODPS(edge.admin.access_id, "wrong", "edge", edge.url + "/api", overwrite_global=False)
    with pytest.raises(errors.SignatureNotMatch):
        client.get_project().reload()
    with pytest.raises(errors.AuthorizationRequired):
        ODPS("nobody", "wrong", "edge", edge.url + "/api", overwrite_global=False).get_project().reload()


def test_clocks_that_disagree(edge: Edge) -> None:
    with pytest.raises(errors.RequestTimeTooSkewed) as caught:
        edge.client().rest.get(edge.url + "/api/tenants", headers={"Date": "Fri, 20 Nov 2020 03:29:39 GMT"})
    assert caught.value.max_interval_date == 900_000
    assert caught.value.expire_date is not None
    assert caught.value.now_date is not None


def test_what_every_client_asks_first(edge: Edge) -> None:
    client = edge.client()
    assert client.default_tenant.name == "taskhouse"
    assert client.default_tenant.get_parameter("odps.namespace.schema") == "false"
    assert client.logview_host == edge.url
    assert TableTunnel(client).tunnel_rest.endpoint == edge.url
    quota = next(client.list_quotas())
    assert quota.nickname == "default"
    assert client.exist_quota("default")
    assert not client.exist_quota("missing")
    assert client.get_project().system_info["system"] == "taskhouse"
