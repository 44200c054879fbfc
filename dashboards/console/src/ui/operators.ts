// The mobile networks of Viet Nam by MCC-MNC. What the service says of them comes first; these
// are the names that people know where it says nothing.
import { signal } from '@preact/signals'

export interface Operator {
  code: string
  name: string
}

const known: readonly Operator[] = [
  { code: '45204', name: 'Viettel' },
  { code: '45202', name: 'VinaPhone' },
  { code: '45201', name: 'MobiFone' },
  { code: '45205', name: 'Vietnamobile' },
  { code: '45207', name: 'Gmobile' },
  { code: '45208', name: 'iTel' },
]

/** The operators that the province looks at, in the order in which they are shown. */
export const operators = signal<readonly Operator[]>(known.slice(0, 4))

/** The name of an operator; its code where it has none. */
export function operatorName(code: string): string {
  return [...operators.value, ...known].find((o) => o.code === code)?.name ?? code
}

/** Those of the service that are active, in the order that people know them in. */
export function orderedOperators(all: readonly (Operator & { active: boolean })[]): Operator[] {
  const place = (o: Operator) => {
    const at = known.findIndex((k) => k.code === o.code)
    return at < 0 ? known.length : at
  }
  const active = all.filter((o) => o.active).map(({ code, name }) => ({ code, name }))
  return active.length > 0 ? active.sort((a, b) => place(a) - place(b)) : [...operators.value]
}
