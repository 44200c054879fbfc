// The few things every page is made of.
import { signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Problem } from '../api/client'
import { type Code, sentence } from '../reasons'
import { language, words } from '../words'

const w = words({
  vi: {
    loading: 'Đang tải…', again: 'Thử lại', close: 'Đóng', cancel: 'Hủy',
    offline: 'Không liên lạc được với máy chủ. Kiểm tra mạng; dữ liệu đang hiển thị có thể đã cũ.',
    forbidden: 'Vai trò của bạn không được làm việc này.', notFound: 'Không tìm thấy, hoặc ngoài địa bàn của bạn.',
    busy: (s: number) => `Máy chủ đang bận; thử lại sau ${s} giây.`, soon: (s: number) => `Thử lại sau ${s} giây.`, loggedOut: 'Phiên đăng nhập đã hết; hãy đăng nhập lại.',
  },
  en: {
    loading: 'Loading…', again: 'Try again', close: 'Close', cancel: 'Cancel',
    offline: 'The service cannot be reached. Check the network; what is shown may be old.',
    forbidden: 'Your role may not do this.', notFound: 'Not found, or outside your areas.',
    busy: (s: number) => `The service is busy; try again in ${s} s.`, soon: (s: number) => `Try again in ${s} s.`, loggedOut: 'Your session is over; log in again.',
  },
})

/** What is answered by somebody before the service, in HTML if in words at all. */
const byProxy: Record<number, Code | 'offline' | undefined> = { 400: 'unreadable', 408: 'took-too-long', 413: 'too-large', 500: 'internal', 502: 'offline', 504: 'offline' }

/** What a problem means for a person. */
export function explain(p: Problem): string {
  if (p.offline) return w().offline
  const known = sentence(p.reason)
  if (known) return [known, ...besides(p)].join(' ')
  if (p.status === 401) return w().loggedOut
  if (p.status === 403) return p.detail || w().forbidden
  if (p.status === 404) return w().notFound
  if (p.status === 429 || (p.status === 503 && (p.retryAfter || !p.detail))) return w().busy(p.retryAfter ?? 5)
  const proxy = p.detail === '' && byProxy[p.status]
  if (proxy) return proxy === 'offline' ? w().offline : sentence({ code: proxy })!
  const more = p.errors.map((e) => e.message).filter(Boolean).join('; ')
  return [p.detail || p.title, more].filter(Boolean).join(': ')
}

/** What a sentence leaves out: what is refused without saying why, and, for who reads English, what the library found wrong. */
function besides(p: Problem): string[] {
  if (p.reason.code === 'refused') return [p.detail]
  if (p.reason.code === 'invalid' && language.value === 'en') return [[p.detail, ...p.errors.map((e) => e.message)].filter(Boolean).join('; ')]
  return p.retryAfter && !p.reason.params?.['seconds'] ? [w().soon(p.retryAfter)] : []
}

export function ProblemNote({ problem, again }: { problem: Problem; again?: () => void }) {
  return (
    <div class="note bad row" role="alert">
      <span>{explain(problem)}</span>
      {again && <button onClick={again}>{w().again}</button>}
    </div>
  )
}

/** Says that something is under way; `done` of 0 to 1 says how far. */
export function Progress({ label, done }: { label?: string; done?: number }) {
  const text = label ?? w().loading
  return done === undefined ? (
    <div role="status" aria-label={text}>
      <span class="quiet">{text}</span>
      <div class="progress" />
    </div>
  ) : (
    <label>
      <span class="quiet">{text}</span>
      <progress value={done} max={1} />
    </label>
  )
}

/** What stands where there is nothing: what that means, and what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  )
}

/** Shows what useData brought: the problem, the wait, or the value. */
export function Loaded<T>({ data, children }: { data: { value: T | undefined; problem: Problem | undefined; loading: boolean; reload: () => void }; children: (value: T) => ComponentChildren }) {
  return (
    <>
      {data.problem && <ProblemNote problem={data.problem} again={data.reload} />}
      {data.value !== undefined ? children(data.value) : data.loading && <Progress />}
    </>
  )
}

export type Tone = 'critical' | 'high' | 'warning' | 'good' | 'info' | 'unknown'
const signs: Record<Tone, string> = { critical: '▲', high: '◆', warning: '●', good: '✓', info: 'i', unknown: '?' }

/** A state in a word, with a sign for those who do not see its colour. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <span aria-hidden="true">{signs[tone]}</span>
      {children}
    </span>
  )
}

/** A page: its title in the window and on top, what belongs beside it, and its content. */
export function Page({ title, actions, children }: { title: string; actions?: ComponentChildren; children: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} · phusong`
  }, [title])
  return (
    <main class="page" id="main" tabIndex={-1}>
      <header>
        <h1>{title}</h1>
        {actions && <div class="row no-print">{actions}</div>}
      </header>
      {children}
    </main>
  )
}

export interface Column<T> {
  title: string
  cell: (row: T) => ComponentChildren
  number?: boolean
}

/** A table whose rows may be opened by mouse and keyboard. */
export function Table<T>({ label, columns, rows, rowKey, open }: { label: string; columns: Column<T>[]; rows: readonly T[]; rowKey: (row: T) => string; open?: (row: T) => void }) {
  return (
    <div class="table" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.title} scope="col" class={c.number ? 'number' : undefined}>
                {c.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={rowKey(row)}
              class={open ? 'link' : undefined}
              tabIndex={open ? 0 : undefined}
              onClick={open && (() => open(row))}
              onKeyDown={open && ((e) => e.key === 'Enter' && e.target === e.currentTarget && open(row))}
            >
              {columns.map((c) => (
                <td key={c.title} class={c.number ? 'number' : undefined}>
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** One of a few, as buttons side by side. */
export function Choice<T extends string>({ label, value, options, choose }: { label: string; value: T; options: readonly { value: T; text: string }[]; choose: (v: T) => void }) {
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map((o) => (
        <button key={o.value} type="button" aria-pressed={o.value === value} onClick={() => choose(o.value)}>
          {o.text}
        </button>
      ))}
    </div>
  )
}

/** A modal dialog; Escape and the button close it. */
export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const id = useId()
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const d = ref.current
    d?.showModal()
    return () => d?.close()
  }, [])
  return (
    <dialog ref={ref} aria-labelledby={id} onCancel={(e) => (e.preventDefault(), close())}>
      <div class="stack">
        <div class="row" style={{ justifyContent: 'space-between' }}>
          <h2 id={id}>{title}</h2>
          <button type="button" aria-label={w().close} onClick={close}>
            ✕
          </button>
        </div>
        {children}
      </div>
    </dialog>
  )
}

/**
 * A form that does one thing: it says what is under way, shows what went wrong and stays open
 * then, so that nothing typed is lost. `act` throws a Problem if it could not be done.
 */
export function ActForm({ act, done, submit, cancel, children }: { act: (form: FormData) => Promise<void>; done?: () => void; submit: string; cancel?: () => void; children?: ComponentChildren }) {
  const [state, set] = useState<{ busy: boolean; problem?: Problem }>({ busy: false })
  const send: JSX.SubmitEventHandler<HTMLFormElement> = (e) => {
    e.preventDefault()
    const form = new FormData(e.currentTarget)
    set({ busy: true })
    act(form).then(
      () => {
        set({ busy: false })
        done?.()
      },
      (problem: unknown) => set({ busy: false, problem: problem instanceof Problem ? problem : new Problem(0, 'offline', String(problem)) }),
    )
  }
  return (
    <form class="stack" onSubmit={send}>
      {children}
      {state.problem && <ProblemNote problem={state.problem} />}
      {state.busy && <Progress />}
      <div class="row">
        <button class="main" type="submit" disabled={state.busy}>
          {submit}
        </button>
        {cancel && (
          <button type="button" onClick={cancel}>
            {w().cancel}
          </button>
        )}
      </div>
    </form>
  )
}

const toasts = signal<{ id: number; text: string; tone: Tone }[]>([])
let lastToast = 0

/** Says in passing that something was done, or could not be. */
export function toast(text: string, tone: Tone = 'good'): void {
  const id = ++lastToast
  toasts.value = [...toasts.value.slice(-3), { id, text, tone }]
  setTimeout(() => (toasts.value = toasts.value.filter((t) => t.id !== id)), 6000)
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((t) => (
        <div key={t.id} class={`note card ${t.tone === 'critical' ? 'bad' : ''}`}>
          {t.text}
        </div>
      ))}
    </div>
  )
}
