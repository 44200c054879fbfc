// Keeps the page for the phone so that it opens at once and without a network: its HTML, and
// what that names. Nothing of the API is ever kept here: what the page remembers it keeps
// itself, by account.
const store = 'phusong-field'
const page = '/field'
const extras = ['/icon.svg', '/field.webmanifest']

addEventListener('install', (e) => e.waitUntil(refresh().then(() => skipWaiting())))
addEventListener('activate', (e) => e.waitUntil(clients.claim()))
addEventListener('fetch', (e) => {
  const { method, mode, url } = e.request
  const { origin, pathname } = new URL(url)
  if (method !== 'GET' || origin !== location.origin) return
  if (mode === 'navigate') e.respondWith(open(e))
  else if (pathname.startsWith('/assets/') || extras.includes(pathname)) e.respondWith(asset(e.request))
})

/** The kept page at once, while a newer one is fetched for the next time. */
async function open(e) {
  const kept = await (await caches.open(store)).match(page, { ignoreVary: true })
  if (!kept) return fetch(e.request)
  e.waitUntil(refresh().catch(() => undefined))
  return kept
}

/** Files with a hash in their name never change. */
async function asset(request) {
  const cache = await caches.open(store)
  const kept = await cache.match(request, { ignoreVary: true })
  if (kept) return kept
  const got = await fetch(request)
  if (got.ok) await cache.put(request, got.clone())
  return got
}

/** Fetches the page and what it names; the page comes last, so that what is kept is whole. */
async function refresh() {
  const got = await fetch(page, { cache: 'no-cache' })
  if (!got.ok || got.redirected || !got.headers.get('Content-Type')?.includes('text/html')) return
  const cache = await caches.open(store)
  const html = await got.clone().text()
  const before = await (await cache.match(page, { ignoreVary: true }))?.text()
  if (html === before) return
  const named = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((m) => m[1])
  await cache.addAll([...named, ...extras])
  await cache.put(page, got)
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/assets/') && !named.includes(pathname)) await cache.delete(request)
  }
}
