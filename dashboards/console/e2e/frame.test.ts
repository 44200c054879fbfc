// The frame around the pages: language, theme, keyboard, and how much has to be loaded.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openBrowser, visit, type Visitor } from './browser'
import { startTown } from './service'

const url = inject('demo')

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

test('language and theme are switched, and stay so', async () => {
  const v = await visit(browser, url)
  await v.page.goto('/devices')
  await v.page.getByRole('button', { name: 'English' }).click()
  await v.page.getByRole('button', { name: 'Dark' }).click()
  for (const again of [false, true]) {
    if (again) await v.page.reload()
    await v.page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor()
    expect(await v.page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset['theme']])).toEqual(['en', 'dark'])
  }
  await v.leave()
})

test('the keyboard reaches the content first, then every page', async () => {
  const v = await visit(browser, url, { language: 'en' })
  await v.page.goto('/maintenance')
  await v.page.locator('h1').waitFor()
  const focused = () => v.page.evaluate(() => document.activeElement?.getAttribute('href') ?? document.activeElement?.id ?? '')
  await v.page.keyboard.press('Tab')
  expect(await focused()).toBe('#main')
  await v.page.keyboard.press('Enter')
  expect(await focused()).toBe('main')
  await v.page.reload()
  await v.page.locator('h1').waitFor()
  const seen = new Set<string>()
  for (let i = 0; i < 12; i++) {
    await v.page.keyboard.press('Tab')
    seen.add(await focused())
  }
  for (const path of ['/', '/alerts', '/cases', '/survey', '/targets', '/environment', '/devices', '/service']) expect(seen, path).toContain(path)
  await v.page.locator('nav a[href="/alerts"]').focus()
  await v.page.keyboard.press('Enter')
  await v.page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor()
  await v.leave()
})

/** Bytes of the program itself as they came over the network, and its largest files. */
function programSize(v: Visitor): number {
  const files = [...v.loaded].filter(([address]) => !new URL(address).pathname.startsWith('/api/'))
  console.log(files.map(([address, n]) => `${n} ${new URL(address).pathname}`).join('\n'))
  return files.reduce((sum, [, n]) => sum + n, 0)
}

test('the page for the phone, which is a program of its own, is a link away', async () => {
  const v = await visit(browser, url)
  await v.page.goto('/devices')
  const [answer] = await Promise.all([v.page.waitForResponse((r) => r.request().isNavigationRequest()), v.page.locator('a[href="/field"]').click()])
  expect(new URL(answer.url()).pathname).toBe('/field')
  await v.page.locator('h1').waitFor()
  await v.leave()
})

test('the first load is small: 1 MB with the map, 150 kB for the phone', async () => {
  const desk = await visit(browser, url)
  await desk.page.goto('/')
  await desk.page.locator('[data-testid=map][data-state=ready]').waitFor()
  await desk.page.waitForLoadState('load')
  expect(programSize(desk)).toBeLessThan(1_000_000)
  await desk.leave()
  const phone = await visit(browser, url, { viewport: { width: 390, height: 844 } })
  await phone.page.goto('/field')
  await phone.page.locator('h1').waitFor()
  const everything = [...phone.loaded.values()].reduce((a, b) => a + b, 0)
  console.log(`the field page loads ${everything} bytes with its data`)
  expect(programSize(phone)).toBeLessThan(150_000)
  await phone.leave()
})

test('without accounts the API is off, and the console says what to do', async () => {
  const closed = await startTown({ accounts: false })
  try {
    const v = await visit(browser, closed.url, { language: 'en' })
    await v.page.goto('/')
    await v.page.getByText('phusong accounts add').waitFor()
    v.faults.splice(0, v.faults.length, ...v.faults.filter((f) => !f.includes('status of 503')))
    await v.leave()
  } finally {
    await closed.stop()
  }
})
