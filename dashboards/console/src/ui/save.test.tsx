import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { language } from '../words'
import { Toasts } from '.'
import { SaveLink } from './save'

let saved: string[] = []
beforeEach(() => {
  language.value = 'en'
  saved = []
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) { saved.push(`${this.download} ${this.href}`) })
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: (b: Blob) => `blob:${b.size}`, revokeObjectURL: () => {} }))
})
afterEach(() => (cleanup(), vi.unstubAllGlobals(), vi.restoreAllMocks()))

function show(answer: () => Promise<Response>) {
  vi.stubGlobal('fetch', answer)
  render(<><SaveLink href="/api/v1/cases/c/dossier/csv" name="c.csv">CSV</SaveLink><Toasts /></>)
  fireEvent.click(screen.getByText('CSV'))
}

it('saves what the service makes, under our name', async () => {
  show(async () => new Response('a,b'))
  await waitFor(() => expect(saved).toEqual(['c.csv blob:3']))
})

it('says why there is no file, and saves nothing', async () => {
  show(async () => new Response(JSON.stringify({ status: 404, title: 'Not Found' }), { status: 404, headers: { 'Content-Type': 'application/problem+json' } }))
  await screen.findByText(/Not found, or outside your areas/)
  expect(saved).toEqual([])
})

it('says that the service cannot be reached', async () => {
  show(() => Promise.reject(new TypeError('failed')))
  await waitFor(() => expect(document.querySelector('.toasts')!.textContent).not.toBe(''))
  expect(saved).toEqual([])
})
