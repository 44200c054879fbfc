// Debian's Chromium, which watches the pages for what must never be: errors in the console,
// requests to anybody but the service, and what the content security policy stopped.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { password, patience } from './service'

/** Begins a browser; maps are drawn without a graphics card. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] })
}

export interface Visitor {
  context: BrowserContext
  page: Page
  /** What went wrong so far; a test that expects something takes it out. */
  faults: string[]
  /** Bytes as they came over the network, headers left out, by address. */
  loaded: Map<string, number>
  /** Ends the visit; fails when anything went wrong in it. */
  leave: () => Promise<void>
}

export interface VisitOptions extends BrowserContextOptions {
  language?: 'vi' | 'en'
}

/** A new person at the service: no cookies, nothing remembered. */
export async function visit(browser: Browser, url: string, { language = 'vi', ...options }: VisitOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: url, locale: language === 'vi' ? 'vi-VN' : 'en-GB', timezoneId: 'Asia/Ho_Chi_Minh', viewport: { width: 1280, height: 800 }, ...options })
  context.setDefaultTimeout(patience)
  const faults: string[] = []
  const loaded = new Map<string, number>()
  await context.route(
    (u) => u.protocol.startsWith('http') && u.origin !== new URL(url).origin,
    (route) => {
      faults.push(`request to ${route.request().url()}`)
      return route.abort()
    },
  )
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} stopped ${e.blockedURI}`))
  })
  context.on('console', (m) => {
    // Chromium reports every refusal; to the question who one is, nobody is an answer.
    if (m.text().includes('status of 401') && m.location().url === `${url}/api/v1/session`) return
    if (m.type() === 'error') faults.push(`console: ${m.text()} (${m.location().url})`)
  })
  context.on('weberror', (e) => faults.push(`error: ${e.error().stack ?? String(e.error())}`))
  context.on('response', (r) => {
    void r
      .request()
      .sizes()
      .then((s) => loaded.set(r.url(), s.responseBodySize))
      .catch(() => undefined) // the page was left meanwhile
  })
  const page = await context.newPage()
  const leave = async () => {
    await context.close()
    expect(faults).toEqual([])
  }
  return { context, page, faults, loaded, leave }
}

/** Logs in by the form that is on the page. */
export async function logIn(page: Page, name: string): Promise<void> {
  await page.locator('input[name=name]').fill(name)
  await page.locator('input[name=password]').fill(password)
  await page.locator('form button[type=submit]').click()
  await page.locator('input[name=password]').waitFor({ state: 'detached' })
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  nodes: { target: unknown[]; failureSummary?: string }[]
}

/** What axe finds against a page, in a form that can be read. */
export async function accessibility(page: Page): Promise<string[]> {
  // Evaluated by the debugger, so that the policy of the page stays as strict as it is.
  await page.evaluate(axe)
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (on: Document, o: object) => Promise<{ violations: Violation[] }> } }
    return (await axe.run(document, { resultTypes: ['violations'] })).violations
  })
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary ?? ''}`))
}
