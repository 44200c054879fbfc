// Somebody in the field, with a phone: the alert arrives, is taken in hand, and is noted on.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { accessibility, logIn, openBrowser, visit } from './browser'
import { screenshot } from './screenshot'
import { accessPoint, eventually, markup, say, type Service } from './service'

const url = inject('town')
const town = { url, mqtt: inject('townMQTT') } as Service
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const portal = (ok: boolean) => say(town, `phusong/v1/25459/wifi/${accessPoint}/telemetry`, { portal_ok: ok })

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

test('an alert arrives by itself, is acknowledged, and markup in it is text', async () => {
  portal(true)
  const v = await visit(browser, url, phone)
  await v.page.goto('/field')
  await logIn(v.page, 'tan')
  const card = v.page.getByTestId('alert').filter({ hasText: 'Cổng đăng nhập hỏng' })
  await card.waitFor({ state: 'detached' })
  portal(false)
  await card.first().tap()
  await v.page.getByTestId('detail').waitFor()
  expect(await accessibility(v.page)).toEqual([])
  await screenshot(v.page, 'field')
  await v.page.getByTestId('note').fill(markup)
  await v.page.getByTestId('save-note').tap()
  await v.page.getByTestId('history').getByText(markup).first().waitFor()
  await v.page.getByTestId('acknowledge').tap()
  await v.page.getByTestId('for-30').tap()
  await v.page.getByTestId('release').waitFor()
  const by = await eventually('the service knows who works on it', () =>
    v.page.evaluate(async (device) => {
      const all = (await (await fetch('/api/v1/alerts')).json()) as { items?: { device?: string; handling?: { acknowledged_by?: string } }[] }
      return all.items?.find((a) => a.device === device)?.handling?.acknowledged_by
    }, accessPoint),
  )
  expect(by).toBe('tan')
  // Nothing has to be moved sideways on a phone.
  expect(await v.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  // Large enough for a thumb.
  const small = await v.page.locator('button:visible, a.button:visible').evaluateAll((all) => all.filter((e) => e.getBoundingClientRect().height < 48).map((e) => e.textContent))
  expect(small).toEqual([])
  await v.leave()
})

test('somebody of another area sees nothing of it', async () => {
  portal(false)
  const v = await visit(browser, url, phone)
  await v.page.goto('/field')
  await logIn(v.page, 'binh')
  await v.page.locator('main .empty').waitFor()
  expect(await v.page.getByTestId('alert').count()).toBe(0)
  await v.leave()
})

test('a name that is markup is text on the pages of the desk', async () => {
  const v = await visit(browser, url)
  await v.page.goto(`/devices/${accessPoint}`)
  await logIn(v.page, 'an')
  await v.page.getByText(markup).first().waitFor()
  expect(await v.page.locator('img[src=x]').count()).toBe(0)
  await v.page.goto('/alerts')
  await v.page.locator('h1').waitFor()
  expect(await v.page.locator('img[src=x]').count()).toBe(0)
  await v.leave()
})
