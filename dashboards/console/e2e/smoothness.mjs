// How smoothly the map moves: real drags and turns of the wheel in Debian's Chromium, drawn
// without a graphics card, and the time of each frame meanwhile. Run by make bench:
//
//   node smoothness.mjs http://127.0.0.1:8080
import { chromium } from 'playwright-core'

const url = process.argv[2]
const middle = { x: 480, y: 420 }

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] })
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'vi-VN', timezoneId: 'Asia/Ho_Chi_Minh' })
context.setDefaultTimeout(180_000)
const page = await context.newPage()
page.on('pageerror', (e) => console.log('error in the page:', e.message))

/** Waits until all is drawn that is to be drawn. */
const drawn = () =>
  page.waitForFunction(() => {
    const map = document.querySelector('[data-testid=map][data-state=ready]')?.map
    return map?.getSource('cells') && map.loaded() && map.areTilesLoaded() && !map.isMoving()
  })

/** Begins to note when frames begin, and which tasks take longer than 50 ms. */
const begin = () =>
  page.evaluate(() => {
    const notes = (window.notes = { frames: [], tasks: [], on: true })
    const frame = (t) => {
      notes.frames.push(t)
      if (notes.on) requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
    notes.observer = new PerformanceObserver((list) => notes.tasks.push(...list.getEntries().map((e) => e.duration)))
    notes.observer.observe({ entryTypes: ['longtask'] })
  })

const end = () =>
  page.evaluate(() => {
    const { frames, tasks, observer } = window.notes
    window.notes.on = false
    observer.disconnect()
    return { times: frames.slice(1).map((t, i) => t - frames[i]), tasks }
  })

/** Drags the map to and fro; a hand moves some sixty times a second. */
async function pan() {
  for (const [dx, dy] of [[-260, 60], [200, -120]]) {
    await page.mouse.move(middle.x, middle.y)
    await page.mouse.down()
    await page.mouse.move(middle.x + dx, middle.y + dy, { steps: 20 })
    await page.mouse.up()
  }
}

async function zoom() {
  await page.mouse.move(middle.x, middle.y)
  for (const turn of [-120, 120]) {
    for (let n = 0; n < 12; n++) {
      await page.mouse.wheel(0, turn / 3)
      await page.waitForTimeout(16)
    }
  }
}

/** Nobody touches anything; only what comes by itself is drawn. */
const rest = () => page.waitForTimeout(8000)

const rows = []
async function measure(name, act) {
  await drawn()
  await begin()
  await act()
  const { times, tasks } = await end()
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]
  rows.push([name, times.length, at(0.5), at(0.95), times.at(-1), tasks.length, Math.max(0, ...tasks)])
}

const usual = ''
const devices = '&layers=cells,zones,sites,devices,areas'
for (const [look, layers, busy, acts] of [
  ['areas only', '&layers=areas', false, { pan, zoom }],
  ['usual layers', usual, false, { pan, zoom }],
  ['usual layers, 50 changes/s', usual, true, { pan, 'at rest': rest }],
  ['with devices', devices, false, { pan, zoom }],
  ['with devices, 50 changes/s', devices, true, { pan, 'at rest': rest }],
]) {
  await fetch(`${url}/noise${busy ? '' : '?off'}`, { method: 'POST' })
  await page.goto(`${url}/?operator=45204&lat=11.31&lon=106.1&zoom=10${layers}`)
  for (const [act, how] of Object.entries(acts)) await measure(`${look}: ${act}`, how)
}
await browser.close()

const ms = (n) => n.toFixed(1).padStart(9)
console.log('30,000 cells, 5,000 devices, 1,500 sites; milliseconds a frame\n')
console.log(`${''.padEnd(38)}${['frames', 'median', 'p95', 'longest', 'tasks>50', 'longest'].map((t) => t.padStart(9)).join('')}`)
for (const [name, frames, median, p95, longest, tasks, task] of rows) console.log(`${name.padEnd(38)}${String(frames).padStart(9)}${ms(median)}${ms(p95)}${ms(longest)}${String(tasks).padStart(9)}${ms(task)}`)
