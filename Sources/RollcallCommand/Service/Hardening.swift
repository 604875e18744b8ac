internal import Glibc

/// Keeps what the process holds in memory, passwords among it, from others on the machine.
enum Hardening {
  /// Leaves no core dump, and lets no other process of the same user look into this one (prctl(2), PR_SET_DUMPABLE):
  /// no debugger, no /proc/PID/environ, no /proc/PID/mem. What is refused is left: it is a second line of defence.
  static func apply() {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    // Swift does not import functions with a variable number of arguments; this one takes up to four words.
    typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    guard let symbol = unsafe dlsym(nil, "prctl") else { return }
    let control = unsafe unsafeBitCast(symbol, to: Control.self)
    _ = control(setDumpable, 0, 0, 0, 0)
  }

  /// PR_SET_DUMPABLE of linux/prctl.h.
  private static let setDumpable: Int32 = 4
}
