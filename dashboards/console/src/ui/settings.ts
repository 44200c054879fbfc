// What the service says of the province and its maps, asked for once.
import { type Schemas, answer, api } from '../api/client'
import { orderedOperators, operators } from './operators'

export type Settings = Schemas['ConsoleSettings']

let asked: Promise<Settings> | undefined

/** The settings of the console; where they cannot be had, the next who asks tries again. */
export function loadSettings(): Promise<Settings> {
  asked ??= answer(api.GET('/api/v1/console')).then(
    (s) => {
      operators.value = orderedOperators(s.operators)
      return s
    },
    (e: unknown) => {
      asked = undefined
      throw e
    },
  )
  return asked
}
