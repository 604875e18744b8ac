internal import Glibc

/// Lets a thread of the floor or the observer sleep.
enum Pause {
  static func milliseconds(_ count: Int) { microseconds(count * 1000) }
  static func microseconds(_ count: Int) { usleep(UInt32(count)) }
}
