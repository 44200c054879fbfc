// The search box: a combobox after the ARIA pattern, so that arrows, Enter and Escape do what
// they do elsewhere.
import { useId, useState } from 'preact/hooks'
import { number } from '../../format'
import { type Found, type Index, search } from './search'
import { w } from './words'

export function SearchBox({ index, choose }: { index: Index; choose: (f: Found) => void }) {
  const id = useId()
  const [text, type] = useState('')
  const [open, show] = useState(false)
  const [at, move] = useState(0)
  const found = open ? search(index, text) : []
  const option = (i: number) => `${id}-${i}`
  const take = (f: Found | undefined) => {
    if (!f) return
    type(f.title)
    show(false)
    choose(f)
  }
  const keys = (e: KeyboardEvent) => {
    if (e.key === 'Escape') return show(false)
    if (e.key === 'Enter') {
      e.preventDefault()
      return take(open ? found[at] : search(index, text)[0])
    }
    const step = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    e.preventDefault()
    show(true)
    move((at + step + found.length) % Math.max(1, found.length))
  }
  const nothing = open && text.trim() !== '' && found.length === 0
  return (
    <div class="search">
      <input
        type="search" role="combobox" autocomplete="off" placeholder={w().search} aria-label={w().searchLabel} data-testid="search"
        aria-expanded={found.length > 0} aria-controls={`${id}-list`} aria-autocomplete="list" aria-activedescendant={found.length > 0 ? option(at) : undefined}
        value={text} onKeyDown={keys} onBlur={() => show(false)}
        onInput={(e) => {
          type(e.currentTarget.value)
          show(true)
          move(0)
        }}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={w().searchLabel} hidden={found.length === 0}>
        {found.map((f, i) => (
          // Pressed before the input loses the focus, which would close the list.
          <li key={f.kind + f.id} id={option(i)} role="option" aria-selected={i === at} onMouseDown={(e) => (e.preventDefault(), take(f))}>
            <span>{f.title}</span> <span class="quiet">{w().kinds[f.kind]}</span>
          </li>
        ))}
      </ul>
      <span role="status" class={nothing ? 'quiet' : 'visually-hidden'}>
        {nothing ? w().nothing : found.length > 0 ? w().results(number(found.length)) : ''}
      </span>
    </div>
  )
}
