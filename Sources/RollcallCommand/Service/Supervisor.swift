internal import Glibc
internal import PlainText
internal import Reactor

/// Tells the program that started this one how it is doing, as sd_notify(3) has it: datagrams to the socket that
/// NOTIFY_SOCKET names. Nothing happens where there is none.
struct Supervisor: Sendable {
  /// A path, or an abstract name that begins with `@`.
  private let address: String
  /// How long it waits for a sign of life before it ends the process (sd_watchdog_enabled(3)); nil: for ever.
  private let patience: Duration?

  init?(_ environment: [String: String]) {
    guard let address = environment["NOTIFY_SOCKET"], address.hasPrefix("/") || address.hasPrefix("@") else {
      return nil
    }
    self.address = address
    // The variables are inherited: they may be meant for a parent of this process.
    let isMeant = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
    let patience = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
    self.patience = isMeant && patience > 0 ? .microseconds(patience) : nil
  }

  /// Says `WATCHDOG=1` at half of the time after which it would be missed, for as long as the reactor works: each one
  /// takes a timer of the loop and a job of its executor. Neither server's state plays a part, since a restart would
  /// not bring one back.
  func keepInformed() {
    guard let patience else { return }
    Reactor.task {
      while (try? await Reactor.sleep(for: patience / 2)) != nil { tell([("WATCHDOG", "1")]) }
    }
  }

  /// Sends assignments such as `READY=1`; line breaks in a value would begin another one.
  func tell(_ assignments: [(name: String, value: String)]) {
    let text = assignments.map { "\($0.name)=\($0.value.printable)" }.joined(separator: "\n")
    var name = Array(address.utf8)
    if name[0] == UInt8(ascii: "@") { name[0] = 0 }
    var to = sockaddr_un()
    to.sun_family = sa_family_t(AF_UNIX)
    let room = unsafe withUnsafeMutableBytes(of: &to.sun_path) { path in
      unsafe path.copyBytes(from: name.prefix(path.count))
      return path.count
    }
    // An abstract name is as long as the address says; a path ends with a NUL.
    guard name.count < room else { return }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size - room + name.count + (name[0] == 0 ? 0 : 1))
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return }
    defer { close(socket) }
    let octets = Array(text.utf8)
    _ = unsafe withUnsafePointer(to: &to) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        // A supervisor that does not read must not hold us up.
        unsafe sendto(socket, octets, octets.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT), $0, length)
      }
    }
  }
}
