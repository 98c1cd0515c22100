"""The network half of a payload: port mappings, and the interface of an awsvpc task."""

from __future__ import annotations

from shipway.instances.settings import PayloadSettings
from shipway.model.arn import Place
from shipway.model.record import Document
from shipway.model.task import NetworkInterface


def port_mappings(container: Document, network_mode: str) -> list[Document]:
    """What the agent publishes.

    In awsvpc the ports are the task's own: Docker would refuse to publish them again.
    """
    if network_mode in ("awsvpc", "none"):
        return []
    return [port_mapping(mapping) for mapping in container.get("portMappings") or []]


def port_mapping(mapping: Document) -> Document:
    protocol = "udp" if mapping.get("protocol") == "udp" else "tcp"
    return {
        "containerPort": mapping["containerPort"],
        "hostPort": mapping.get("hostPort") or 0,
        "protocol": protocol,
    }


def network_interface(interface: NetworkInterface, settings: PayloadSettings) -> Document:
    place = Place(settings.account_id, settings.region)
    wire: Document = {
        "attachmentArn": place.attachment(interface.attachment_id),
        "ec2Id": interface.eni_id,
        "macAddress": interface.mac_address,
        "index": 0,
        "ipv4Addresses": [{"primary": True, "privateAddress": interface.private_ipv4_address}],
        "ipv6Addresses": [],
        "subnetGatewayIpv4Address": settings.subnet_gateway,
        "privateDnsName": private_dns_name(interface.private_ipv4_address, settings.region),
    }
    if settings.domain_name_servers:
        wire["domainNameServers"] = list(settings.domain_name_servers)
    return wire


def private_dns_name(address: str, region: str) -> str:
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"
