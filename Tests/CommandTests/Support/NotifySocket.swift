import Glibc
import Sandbox

/// The supervisor's end of NOTIFY_SOCKET.
final class NotifySocket: Sendable {
  let address: String
  private let descriptor: Int32

  /// - Parameter address: a path, or an abstract name that begins with `@`.
  init(_ address: String) throws {
    self.address = address
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var name = Array(address.utf8)
    if name[0] == UInt8(ascii: "@") { name[0] = 0 }
    var own = sockaddr_un()
    own.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &own.sun_path) { unsafe $0.copyBytes(from: name) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count + (name[0] == 0 ? 0 : 1))
    let bound = unsafe withUnsafePointer(to: &own) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
    }
    if bound != 0 { throw SandboxError.system(call: "bind", code: errno) }
  }

  deinit { close(descriptor) }

  /// The messages that have come since the last call.
  func messages() -> [String] {
    var messages: [String] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count < 0 { return messages }
      messages.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
  }
}
