// Pictures for the README, made when they are asked for with UPDATE_SCREENSHOTS=1.
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const folder = fileURLToPath(new URL('../../../docs/images/', import.meta.url))
const most = 300_000 // bytes; a clone should stay light

export async function screenshot(page: Page, name: string): Promise<void> {
  if (!process.env['UPDATE_SCREENSHOTS']) return
  mkdirSync(folder, { recursive: true })
  const path = `${folder}${name}.png`
  writeFileSync(path, await page.screenshot())
  expect(statSync(path).size, path).toBeLessThan(most)
}
