"""What is said of Moonfire's own sites in the host's nginx, as far as it does not come along."""

from collections.abc import Collection, Iterator, Sequence

from nvrstack.migration.around.nginx.server import ACCESS, Site
from nvrstack.migration.install import Finding


def site_findings(sites: Sequence[Site], backends: Collection[str]) -> Iterator[Finding]:
    """Warnings about Moonfire's `sites`; `backends` are the URLs by which they reach it."""
    for site in sites:
        place = f"{site.file}: the site {site.names[0] if site.names else 'without a name'}"
        if site.paths and "/" not in site.paths:
            yield Finding(
                "nginx-subpath",
                f"{place} has Moonfire at {site.paths[0]}; in the new project it is at /",
                "Moonfire works at the root of a name alone; bookmarks change",
                site.line,
            )
        beside = [backend for backend in site.backends if backend not in backends]
        if beside:
            yield Finding(
                "nginx-other-backend",
                f"{place} also passes requests to {', '.join(beside)}, which is not carried over",
                "give it a name of its own, and [[sites]] in nvrstack.toml",
                site.line,
            )
        access = [name for name in site.further if name in ACCESS or name.startswith("if (")]
        if access:
            yield Finding(
                "nginx-access",
                f"{place} keeps people out by {', '.join(access)}, which is not carried over: in "
                "the new project Moonfire's login alone does",
                "if strangers must not even see the login, put that into nginx/custom.d/ of the "
                "project, or let your router forward no port to it",
                site.line,
            )
        further = [name for name in site.further if name not in access]
        if further:
            yield Finding(
                "nginx-directives",
                f"{place} also has {', '.join(further)}, which is not carried over",
                "what you still need goes into nginx/custom.d/ of the project",
                site.line,
            )
        if not any("." in name for name in site.names):
            yield Finding(
                "nginx-no-domain",
                f"{place} has no name with a domain",
                "give the domain with --set site.domain=NAME",
                site.line,
            )


def left_names(names: Sequence[str]) -> Iterator[Finding]:
    """A warning about names and addresses of Moonfire's site that the project will not have."""
    if names:
        yield Finding(
            "nginx-name-left",
            f"the page is no longer at {', '.join(names)}: no certificate can be had for that",
            "use the domain at home too, or a name without a dot, by site.short_names",
        )
