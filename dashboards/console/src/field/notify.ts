// Sound and vibration for something new; both are off until somebody wants them.
import { effect, signal } from '@preact/signals'

const kept = (key: string) => {
  const s = signal(localStorage.getItem(key) === 'on')
  effect(() => localStorage.setItem(key, s.value ? 'on' : 'off'))
  return s
}

export const sound = kept('phusong.field.sound')
export const vibration = kept('phusong.field.vibration')
export const canVibrate = 'vibrate' in navigator

let audio: AudioContext | undefined

/** Two short tones. A browser allows them once somebody has pressed something. */
export function tone(): void {
  audio ??= new AudioContext()
  void audio.resume()
  const at = audio.currentTime
  for (const [i, pitch] of [740, 988].entries()) {
    const o = audio.createOscillator()
    const g = audio.createGain()
    o.frequency.value = pitch
    g.gain.setValueAtTime(0.2, at + i * 0.2)
    g.gain.exponentialRampToValueAtTime(0.001, at + i * 0.2 + 0.18)
    o.connect(g).connect(audio.destination)
    o.start(at + i * 0.2)
    o.stop(at + i * 0.2 + 0.2)
  }
}

export function notify(): void {
  if (sound.value) tone()
  if (vibration.value && canVibrate) navigator.vibrate([200, 100, 200])
}
