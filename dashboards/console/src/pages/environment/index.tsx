import { Page } from '../../ui'

export default function Environment() {
  return <Page title="Environment">…</Page>
}
