// What a newcomer does: finds the dead zone, opens a case, prints the dossier. The zone is
// planted by the story of the demonstration, see simulator/scenarios/demo.yaml.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Map as LibreMap } from 'maplibre-gl'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { accessibility, openBrowser, visit } from './browser'
import { screenshot } from './screenshot'
import { eventually } from './service'

const url = inject('demo')
const planted = { lat: 11.34, lon: 106.05, operator: '45204' }

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

/** Waits until the month of drive tests is in and judged. */
const zoneIsProven = (page: Page): Promise<string> =>
  eventually('the planted dead zone is proven', () =>
    page.evaluate(async ({ operator, lat, lon }) => {
      type Zones = { features: { properties: { id: string; cells: number }; geometry: { coordinates: number[][][][] } }[] }
      const r = await fetch(`/api/v1/coverage/zones.geojson?operator=${operator}&verdict=dead`)
      if (!r.ok) return undefined
      const zones = ((await r.json()) as Zones).features
      const near = zones.find((z) => z.geometry.coordinates.flat(2).some(([x, y]) => Math.hypot(x! - lon, y! - lat) < 0.02))
      return near && near.properties.cells >= 5 ? near.properties.id : undefined
    }, planted),
  )

/** Waits until the map has drawn all it has to. */
const drawn = (page: Page) =>
  page.waitForFunction(() => {
    const map = document.querySelector<HTMLElement & { map?: LibreMap }>('[data-testid=map][data-state=ready]')?.map
    return map?.getSource('cells') && map.loaded() && map.areTilesLoaded() && !map.isMoving()
  })

/** The name of the colour that a picture tints the ground like. */
const tintOf = (page: Page, picture: Buffer, colours: Record<string, string>): Promise<string> =>
  page.evaluate(
    async ([png, named]) => {
      const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0))
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
      const g = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!
      g.drawImage(bitmap, 0, 0)
      const { data } = g.getImageData(0, 0, bitmap.width, bitmap.height)
      const mean = [0, 1, 2].map((i) => data.filter((_, k) => k % 4 === i).reduce((a, b) => a + b, 0) / (data.length / 4))
      const { ground, ...verdicts } = named
      const rgb = (hex: string) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16))
      const from = (c: number[]) => c.map((x, i) => x - rgb(ground!)[i]!)
      const tint = from(mean)
      const alike = (hex: string) => from(rgb(hex)).reduce((sum, x, i) => sum + x * tint[i]!, 0) / Math.hypot(...from(rgb(hex)))
      return Math.hypot(...tint) < 25 ? 'ground' : Object.entries(verdicts).sort((a, b) => alike(b[1]) - alike(a[1]))[0]![0]
    },
    [picture.toString('base64'), colours] as const,
  )

test('the map shows the planted dead zone in the right place and colour', async () => {
  const v = await visit(browser, url)
  await v.page.goto('/survey') // a page that asks for nothing while we wait
  await v.page.locator('h1').waitFor()
  await zoneIsProven(v.page)
  await v.page.goto(`/?operator=${planted.operator}&lat=${planted.lat}&lon=${planted.lon}&zoom=12`)
  await drawn(v.page)
  const found = await v.page.evaluate(({ lat, lon }) => {
    const map = document.querySelector<HTMLElement & { map: LibreMap }>('[data-testid=map]')!.map
    const features = map.queryRenderedFeatures({ layers: ['cells-fill'] })
    const dead = features.filter((f) => f.properties['verdict'] === 'dead')
    const middles = dead.map((f) => {
      const ring = (f.geometry as { coordinates: number[][][] }).coordinates[0]!
      return { lon: ring.reduce((s, p) => s + p[0]!, 0) / ring.length, lat: ring.reduce((s, p) => s + p[1]!, 0) / ring.length }
    })
    const away = (m: { lon: number; lat: number }) => Math.hypot((m.lon - lon) * 109, (m.lat - lat) * 111)
    const box = map.getContainer().getBoundingClientRect()
    const spots = middles.sort((a, b) => away(a) - away(b)).slice(0, 5).map((m) => {
      const at = map.project([m.lon, m.lat])
      return { x: box.x + at.x - 12, y: box.y + at.y - 12, width: 24, height: 24 }
    })
    const style = getComputedStyle(document.documentElement)
    const colours = Object.fromEntries(['dead', 'gap', 'covered', 'unproven', 'ground'].map((n) => [n, style.getPropertyValue(`--${n}`).trim()]))
    return {
      cells: new Set(dead.map((f) => f.properties['cell'])).size, operators: [...new Set(features.map((f) => f.properties['operator']))], inside: middles.filter((m) => away(m) < 3.5).length,
      spots, colours,
    }
  }, planted)
  expect(found.cells).toBeGreaterThanOrEqual(5)
  expect(found.operators).toEqual([planted.operator])
  expect(found.inside).toBeGreaterThanOrEqual(5)
  // What the eye sees there: of all verdicts, the ground is tinted most like that of dead cells,
  // but where a site or a name stands on them.
  const seen: string[] = []
  for (const clip of found.spots) seen.push(await tintOf(v.page, await v.page.screenshot({ clip }), found.colours))
  expect(seen.filter((name) => name === 'dead').length, seen.join(' ')).toBeGreaterThanOrEqual(3)
  expect(await accessibility(v.page)).toEqual([])
  await screenshot(v.page, 'map')
  await v.leave()
})

test('a case is opened on it and goes through its whole life', async () => {
  const v = await visit(browser, url)
  const { page } = v
  await page.goto('/survey')
  const zone = await zoneIsProven(page)
  await page.goto(`/?operator=${planted.operator}`)
  await page.locator(`[data-testid=zone][data-zone="${zone}"]`).click()
  await page.locator('[data-testid=zone-popup] a[href^="/cases"]').click()
  const form = page.locator('dialog form')
  await form.locator('textarea[name=note]').fill('Bà con ấp 3 báo mất sóng từ tháng trước')
  await form.locator('button[type=submit]').click()
  await page.waitForURL(/\/cases\/[^?]+$/)
  const act = async (name: string, fill: () => Promise<void>) => {
    await page.getByTestId(`act-${name}`).click()
    await fill()
    await form.locator('button[type=submit]').click()
    await form.waitFor({ state: 'detached' })
  }
  const sure = () => form.locator('input[name=sure]').check()
  await act('send', sure)
  const hash = (await page.getByTestId('hash').innerText()).trim()
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(await accessibility(page)).toEqual([])
  await screenshot(page, 'case')
  // The dossier is a page that prints, and says what it is the print of.
  const [dossier] = await Promise.all([v.context.waitForEvent('page'), page.getByTestId('dossier-view').click()])
  await dossier.getByText(hash).first().waitFor()
  expect((await dossier.pdf()).subarray(0, 5).toString()).toBe('%PDF-')
  await dossier.close()
  // The original is saved as a file, whose hash is the one on the page.
  const [original] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /^JSON/ }).click()])
  expect(original.suggestedFilename()).toMatch(/^452\d\d-\d{4}-\d+\.json$/)
  expect(createHash('sha256').update(await readFile((await original.path())!)).digest('hex')).toBe(hash)
  await act('answer', async () => {
    await form.locator('input[name=answer][value=contests]').check()
    await form.locator('textarea[name=note]').fill('Công văn 12: trạm vẫn phát')
  })
  await act('dispute', () => form.locator('textarea[name=note]').fill('Đo lại vẫn không có sóng'))
  await act('retest', async () => undefined)
  await act('close', async () => {
    await form.locator('input[name=resolution][value=withdrawn]').check()
    await sure()
  })
  await act('reopen', () => form.locator('textarea[name=note]').fill('Lại mất sóng'))
  await page.reload()
  const trail = page.getByTestId('trail')
  await trail.waitFor()
  for (const said of ['Bà con ấp 3 báo mất sóng', 'Công văn 12', 'Đo lại vẫn không có sóng', 'Lại mất sóng']) await trail.getByText(said).first().waitFor()
  await v.leave()
})
