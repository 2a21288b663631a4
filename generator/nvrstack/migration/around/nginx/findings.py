"""What is said of Moonfire's own sites in the host's nginx, as far as it does not come along."""

from collections.abc import Collection, Iterator, Sequence

from nvrstack.migration.around.nginx import rules
from nvrstack.migration.around.nginx.server import ACCESS, Site
from nvrstack.migration.findings import Finding


def site_findings(sites: Sequence[Site], backends: Collection[str]) -> Iterator[Finding]:
    """What Moonfire's `sites` lose; `backends` are the URLs by which they reach it."""
    for site in sites:
        place = f"{site.file}: the site {site.names[0] if site.names else 'without a name'}"
        passes = list(zip(site.paths, site.backends, strict=True))
        own = [path for path, backend in passes if backend in backends and path.startswith("/")]
        if own and "/" not in own:
            yield rules.NGINX_SUBPATH(site.line, place=place, path=own[0])
        beside = dict.fromkeys(each for each in passes if each[1] not in backends)
        if beside:
            told = ", ".join(f"{path} to {backend}" for path, backend in beside)
            yield rules.NGINX_OTHER_BACKEND(site.line, place=place, beside=told)
        if site.page is not None:
            yield rules.NGINX_PAGE(site.line, place=place, page=site.page)
        if site.proxy_protocol:
            yield rules.NGINX_PROXY_PROTOCOL(site.line, place=place)
        access = [name for name in site.further if name in ACCESS or name.startswith("if (")]
        if access:
            yield rules.NGINX_ACCESS(site.line, place=place, access=", ".join(access))
        further = [name for name in site.further if name not in access]
        if further:
            yield rules.NGINX_DIRECTIVES(site.line, place=place, further=", ".join(further))
        if not any("." in name for name in site.names):
            yield rules.NGINX_NO_DOMAIN(site.line, place=place)


def left_names(names: Sequence[str]) -> Iterator[Finding]:
    """A warning about names and addresses of Moonfire's site that the project will not have."""
    if names:
        yield rules.NGINX_NAME_LEFT(names=", ".join(names))
