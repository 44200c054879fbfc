// The service worker, so that the page opens without a network; see public/sw.js.

/** Registers it where there can be one, and has it keep what is only loaded when wanted. */
export async function keepShell(): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  try {
    await navigator.serviceWorker.register('/sw.js', { scope: '/field' })
    await navigator.serviceWorker.ready
    if (!navigator.serviceWorker.controller) await new Promise((begun) => navigator.serviceWorker.addEventListener('controllerchange', begun, { once: true }))
  } catch {
    return // without TLS there is none: the page works as long as it is open
  }
  const saving = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData
  if (!saving) await import('../pages/alerts/runbooks').catch(() => undefined)
}
