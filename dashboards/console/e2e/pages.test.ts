// What holds on every page: nothing in the console, nothing asked of anybody else, nothing
// that the policy had to stop, nothing that axe finds, in both languages and both themes.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { accessibility, openBrowser, visit } from './browser'
import { eventually } from './service'

const url = inject('demo')
const pages = ['/', '/alerts', '/cases', '/survey', '/targets', '/environment', '/devices', '/maintenance', '/service', '/field']

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

describe.each([
  { language: 'vi', colorScheme: 'light' },
  { language: 'en', colorScheme: 'dark' },
] as const)('in $language and $colorScheme', (how) => {
  test.each(pages)('%s', async (path) => {
    const v = await visit(browser, url, how)
    await v.page.goto(path)
    await v.page.locator('h1').first().waitFor()
    // What loads shows that it does; then the page is at rest.
    await eventually(`${path} has loaded`, async () => ((await v.page.locator('main .progress').count()) === 0 ? true : undefined))
    expect(await v.page.locator('html').getAttribute('lang')).toBe(how.language)
    expect(await accessibility(v.page)).toEqual([])
    await v.leave()
  })
})
