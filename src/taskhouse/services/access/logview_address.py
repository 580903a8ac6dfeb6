"""Addresses of Logview pages of this server."""

from __future__ import annotations

from urllib.parse import urlencode

from taskhouse.domain.access import instance_target
from taskhouse.domain.instance import Instance
from taskhouse.services.access import tokens
from taskhouse.services.world import Caller, World

HOURS = 24


def path_of(world: World, instance: Instance) -> str:
    """The page's path, with a token that reads this one instance."""
    target = instance_target(instance.project, instance.id)
    policy = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["odps:Read"], "Resource": [target.text]}]}
    token = tokens.issue(world, Caller(instance.owner), policy, min(HOURS, world.limits.token_hours))
    return "/logview?" + urlencode({"p": instance.project, "i": instance.id, "token": token})
