// What holds on every page: nothing in the console, nothing asked of anybody else, nothing
// that the policy had to stop, nothing that axe finds, in both languages and both themes.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { accessibility, openBrowser, visit } from './browser'
import { eventually } from './service'

const url = inject('demo')
const pages = ['/', '/alerts', '/cases', '/survey', '/targets', '/environment', '/devices', '/maintenance', '/service', '/audit', '/field']

/** Pages about one thing, of which the demonstration has some. */
const details: { name: string; find: () => Promise<string | undefined> }[] = [
  { name: 'a cell', find: cellPage },
  { name: 'a gap case', find: casePage },
  { name: 'an alert', find: alertPage },
  { name: 'an access point', find: () => devicePage('wifi') },
  { name: 'a coverage probe', find: () => devicePage('mobile') },
  { name: 'an environment sensor', find: () => devicePage('environment') },
  { name: 'a sensor with its limits', find: stationPage },
]

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(`${url}/api/v1${path}`, init)
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

async function cellPage(): Promise<string | undefined> {
  const { features } = await ask<{ features: { properties: { cell: string; operator: string } }[] }>('/coverage/cells.geojson?verdict=dead&limit=1')
  const cell = features[0]?.properties
  return cell && `/cells/${cell.cell}?operator=${cell.operator}`
}

/** A case that is there already, or a new one; another test opens the first about the planted zone. */
async function casePage(): Promise<string | undefined> {
  const there = (await ask<{ items: { id: string }[] }>('/cases?limit=1')).items[0]
  if (there) return `/cases/${there.id}`
  const { features } = await ask<{ features: { properties: { id: string; operator: string } }[] }>('/coverage/zones.geojson')
  const zone = features.find((f) => f.properties.operator !== '45204')?.properties.id
  if (!zone) return undefined
  const opened = await ask<{ id: string }>('/cases', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ zone }) })
  return `/cases/${opened.id}`
}

async function alertPage(): Promise<string | undefined> {
  const { items } = await ask<{ items: { id: string; area?: string }[] }>('/alerts?limit=100')
  const alert = items.find((a) => a.area)
  return alert && `/alerts/${encodeURIComponent(alert.id)}`
}

async function devicePage(kind: string): Promise<string | undefined> {
  const { items } = await ask<{ items: { id: string }[] }>(`/devices?kind=${kind}&state=up&limit=1`)
  return items[0] && `/devices/${items[0].id}`
}

async function stationPage(): Promise<string | undefined> {
  const { items } = await ask<{ items: { id: string; index?: number }[] }>('/environment/stations')
  const station = items.find((s) => s.index !== undefined)
  return station && `/environment?station=${station.id}`
}

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

describe.each([
  { language: 'vi', colorScheme: 'light' },
  { language: 'en', colorScheme: 'dark' },
] as const)('in $language and $colorScheme', (how) => {
  /** Opens a page; when it is at rest nothing may be wrong with it. */
  async function look(path: string) {
    const v = await visit(browser, url, how)
    await v.page.goto(path)
    await v.page.locator('h1').first().waitFor()
    // What loads shows that it does; then the page is at rest.
    await eventually(`${path} has loaded`, async () => ((await v.page.locator('main .progress').count()) === 0 ? true : undefined))
    expect(await v.page.locator('html').getAttribute('lang')).toBe(how.language)
    expect(await accessibility(v.page)).toEqual([])
    return v
  }

  test.each(pages)('%s', async (path) => {
    await (await look(path)).leave()
  })

  test.each(details)('$name', async ({ name, find }) => {
    const v = await look(await eventually(`the demonstration has ${name}`, find))
    // It is about something: neither "not found" nor a failure.
    expect(await v.page.locator('main .note.bad').count()).toBe(0)
    expect(await v.page.locator('main h2, main table, main canvas, main svg').count()).toBeGreaterThan(0)
    await v.leave()
  })

  test('the log of changes says in words what somebody did', async () => {
    const [from, until] = [30, 31].map((days) => new Date(Date.now() + days * 86_400_000).toISOString()) // so that nothing is worked on while others test
    await ask('/maintenance', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ area: '25459', owner: 'VNPT', reason: `thay cáp ${how.language}`, from, until }) })
    const v = await look('/audit?kind=maintenance')
    await v.page.locator('[data-testid=audit] q', { hasText: `thay cáp ${how.language}` }).waitFor()
    await v.page.locator('[data-testid=audit] summary').first().click()
    expect(await accessibility(v.page)).toEqual([])
    await v.leave()
  })
})
