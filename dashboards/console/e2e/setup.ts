// One demonstration and one town with accounts for all tests: they take long to come up.
import type { TestProject } from 'vitest/node'
import { startDemo, startTown } from './service'

declare module 'vitest' {
  export interface ProvidedContext {
    demo: string
    town: string
    townMQTT: { host: string; port: number }
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const demo = await startDemo()
  const town = await startTown().catch(async (e: unknown) => {
    await demo.stop()
    throw e
  })
  project.provide('demo', demo.url)
  project.provide('town', town.url)
  project.provide('townMQTT', town.mqtt)
  return async () => {
    await Promise.all([demo.stop(), town.stop()])
  }
}
