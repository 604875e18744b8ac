internal import Glibc

/// Information about processes from Linux (proc(5)).
enum ProcessTable {
  /// The processes that the main thread of `pid` has started and that were not reaped.
  static func children(of pid: Int32) -> [Int32] {
    let text = (try? Files.read("/proc/\(pid)/task/\(pid)/children")) ?? ""
    return text.split(separator: " ").compactMap { Int32($0) }
  }

  /// The children, their children, and so on, parents first.
  static func descendants(of pid: Int32) -> [Int32] {
    children(of: pid).flatMap { [$0] + descendants(of: $0) }
  }

  /// Whether it runs or is stopped. A zombie does not count.
  static func isAlive(_ pid: Int32) -> Bool {
    guard let state = state(of: pid) else { return false }
    return state != "Z" && state != "X"
  }

  /// The letter of its state, such as S (sleeping), T (stopped), Z (zombie); nil if there is no such process.
  static func state(of pid: Int32) -> Character? {
    // "PID (name) S …", where the name may contain any character.
    let text = (try? Files.read("/proc/\(pid)/stat")) ?? ""
    guard let end = text.lastIndex(of: ")") else { return nil }
    return text[text.index(after: end)...].first { $0 != " " }
  }

  /// The name of the user that this process runs as.
  static var userName: String {
    guard let entry = unsafe getpwuid(geteuid()), let name = unsafe entry.pointee.pw_name else { return "" }
    return unsafe String(cString: name)
  }
}
