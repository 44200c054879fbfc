// Dead letters in a browser: all are processed again, and what is still wrong is said to be.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { accessibility, logIn, openBrowser, visit } from './browser'
import { eventually, say, type Service } from './service'

const url = inject('town')
const town: Service = { url, mqtt: inject('townMQTT'), stop: async () => {} }

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

test('refused messages are processed again with figures, and the log of changes says who did it', async () => {
  for (let n = 0; n < 3; n++) say(town, 'phusong/v1/25459/wifi/ap-of-nobody/telemetry', { clients: -5 - n })
  const v = await visit(browser, url, { language: 'en' })
  await v.page.goto('/service')
  await logIn(v.page, 'an')
  const rows = v.page.locator('[data-testid=dead-letters] tbody tr')
  await eventually('the messages are refused', async () => {
    await v.page.reload()
    await v.page.locator('[data-testid=dead-letters] :is(table, .empty)').first().waitFor()
    return (await rows.count()) >= 3 ? true : undefined
  })
  await v.page.locator('[data-testid=replay-all]').click()
  expect(await accessibility(v.page)).toEqual([])
  await v.page.locator('[data-testid=replay-start]').click()
  await v.page.locator('[data-testid=replay-ended]', { hasText: 'Finished' }).waitFor()
  expect(await accessibility(v.page)).toEqual([])
  expect(await v.page.locator('[data-testid=replay-figures]').textContent()).toMatch(/^0 taken in · [3-9]\d* refused again$/)
  await v.page.goto('/audit?kind=letters')
  await v.page.locator('[data-testid=audit] tbody tr', { hasText: 'Processed dead letters again' }).filter({ hasText: 'administrator' }).first().waitFor()
  await v.leave()
})
