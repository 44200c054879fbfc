// Saving files: what we made, or what the service makes.
import type { ComponentChildren } from 'preact'
import { Problem, load } from '../api/client'
import { explain, toast } from '.'

function saveBlob(name: string, content: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** Saves a text as a file. */
export const save = (name: string, type: string, text: string): void => saveBlob(name, new Blob([text], { type }))

/** A link that saves a file of the service. Why it is refused is said here; the browser alone would save that under the file's name. */
export function SaveLink({ href, name, children }: { href: string; name: string; children: ComponentChildren }) {
  const click = async (e: MouseEvent) => {
    e.preventDefault()
    try {
      saveBlob(name, await load(href))
    } catch (p) {
      if (!(p instanceof Problem)) throw p
      toast(explain(p), 'critical')
    }
  }
  return (
    <a href={href} download={name} onClick={(e) => void click(e)}>
      {children}
    </a>
  )
}
