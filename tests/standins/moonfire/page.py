"""The page that a browser is shown: log in, log out, live view."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Moonfire NVR (stand-in)</title></head>
<body>
<!-- Moonfire NVR stand-in for nvrstack's tests -->
<div id="user" style="float: right"></div>
<form id="login" hidden><h1>Log in</h1>
<label>Username <input name="username" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button type="submit">Log in</button></form>
<p id="live"></p>
<script type="module" src="/assets/index-57a4d149.js"></script>
</body></html>
"""

SCRIPT = """// Moonfire NVR stand-in for nvrstack's tests: log in, log out, live view.
const form = document.getElementById('login');
const user = document.getElementById('user');
const live = document.getElementById('live');
const post = (path, body) => fetch(path, {method: 'POST', body: JSON.stringify(body),
  headers: {'Content-Type': 'application/json'}});
function watch(camera) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const path = `/api/cameras/${camera}/sub/live.m4s`;
  const socket = new WebSocket(`${scheme}//${location.host}${path}`);
  let parts = 0;
  socket.onmessage = (event) => {
    live.textContent = typeof event.data === 'string' ? event.data : `live parts: ${++parts}`;
  };
  socket.onclose = (event) => { live.textContent += ` ws close: ${event.code}`; };
}
async function show() {
  const answer = await fetch('/api/');
  form.hidden = answer.status !== 401;
  if (!answer.ok) return;
  const top = await answer.json();
  user.textContent = top.user ? top.user.name + ' ' : '';
  if (top.user) {
    const out = document.createElement('button');
    out.textContent = 'logout';
    out.onclick = async () => {
      await post('/api/logout', {csrf: top.user.session.csrf});
      location.reload();
    };
    user.append(out);
  }
  watch(top.cameras.length ? top.cameras[0].uuid : '00000000-0000-4000-8000-000000000000');
}
form.onsubmit = async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  if ((await post('/api/login', fields)).ok) await show();
};
await show();
"""


STATIC_FILES = {
    "/": ("text/html", "public", PAGE),
    "/robots.txt": ("text/plain", "public", "User-agent: *\nDisallow: /\n"),
    "/assets/index-57a4d149.js": (
        "text/javascript",
        "public, max-age=604800, immutable",
        SCRIPT,
    ),
}
