"""What may be found in the host's nginx."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
NGINX_NAME_LEFT = warning("nginx-name-left",
    "the page is no longer at {names}: no certificate can be had for that",
    "use the domain at home too, or a name without a dot, by site.short_names")
NGINX_SUBPATH = warning("nginx-subpath",
    "{place} has Moonfire at {path}; in the new project it is at /",
    "Moonfire works at the root of a name alone; bookmarks change")
NGINX_OTHER_BACKEND = warning("nginx-other-backend",
    "{place} also passes requests below {beside}, which is not carried over",
    "give it a name of its own, and [[sites]] in nvrstack.toml")
NGINX_PAGE = warning("nginx-page",
    "{place} has at / the files of {page}, and ends; Moonfire is there from now on",
    "if you still need that page, give it a name of its own and another web server")
NGINX_PROXY_PROTOCOL = blocker("nginx-proxy-protocol",
    "{place} is reached by way of something that speaks the PROXY protocol (proxy_protocol of its"
    " listen); the project's nginx would take that for a broken request, and nobody would get in",
    "let what stands in front pass connections on without it (in HAProxy, no send-proxy; in "
    "nginx's stream, no proxy_protocol on), take the word out of every listen of this site, see "
    "that the page still opens, and plan again")
NGINX_ACCESS = warning("nginx-access",
    "{place} keeps people out by {access}, which is not carried over: in the new project "
    "Moonfire's login alone does",
    "if strangers must not even see the login, put that into nginx/custom.d/ of the project, or"
    " let your router forward no port to it")
NGINX_DIRECTIVES = warning("nginx-directives",
    "{place} also has {further}, which is not carried over",
    "what you still need goes into nginx/custom.d/ of the project")
NGINX_NO_DOMAIN = warning("nginx-no-domain",
    "{place} has no name with a domain",
    "give the domain with --set site.domain=NAME")
NGINX_OTHER_SITE = blocker("nginx-other-site",
    "{file}: this nginx serves {names} too, and has to give up its ports",
    "add --carry-sites: the project's nginx then passes its requests to {backend}, with a "
    "certificate of its own")
NGINX_BACKEND_UNKNOWN = blocker("nginx-backend-unknown",
    "{file}: this nginx passes {domain} to {backend}, which is not known to be Moonfire",
    "if it is, write proxy_pass http://127.0.0.1:PORT there, with Moonfire's own port, and plan"
    " again; if not, give your cameras' name with --set site.domain=NAME")
NGINX_OTHER_SITE_UNLIKE = blocker("nginx-other-site",
    "{file}: this nginx serves {site} too, from files or in a way that the project's nginx does"
    " not have, and has to give up its ports",
    "give it another home, or another port, before the move; or let the project use other "
    "ports, with --set site.https_port=PORT --set site.http_port=PORT")
SITE_ON_LOOPBACK = warning("site-on-loopback",
    "what answers for {name} listens on {address} alone, where no container reaches it",
    "let it listen on this machine's own address too")
NGINX_INCLUDE_ELSEWHERE = warning("nginx-include-elsewhere",
    "{path}: it includes {place}, which is not looked at",
    "look whether a site is in there: it would stop with nginx; move its file below {prefix} "
    "and plan again")
NGINX_UNREADABLE = warning("nginx-unreadable",
    "{path}: {reason}",
    "nginx -t tells whether nginx itself can read it")
