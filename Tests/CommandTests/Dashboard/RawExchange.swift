import Foundation
import Glibc
import Sandbox

/// One request over a socket of its own, octet by octet as it was given.
struct Reply: Sendable {
  var status: Int
  var headers: [(name: String, value: String)]
  var body: String

  subscript(name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }

  /// Nil where what has come is no response.
  init?(parsing text: String) {
    // A carriage return and a line feed are one character.
    guard let end = text.range(of: "\r\n\r\n") else { return nil }
    let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
    self.status = status
    headers = lines.dropFirst().compactMap { line in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      return (line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
    }
    body = String(text[end.upperBound...])
  }
}

/// A TCP connection to a port of this machine, for what no well-behaved client sends.
final class RawConnection: Sendable {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // An object whose init throws after its last property was set is deinitialized: `deinit` closes the descriptor. A
    // second close would meet whatever another thread has opened meanwhile.
    if connected != 0 { throw SandboxError.system(call: "connect to port \(port)", code: errno) }
  }

  deinit { close(descriptor) }

  /// Sends as much as the other side takes; the number of octets.
  @discardableResult
  func send(_ octets: [UInt8]) -> Int {
    var done = 0
    while done < octets.count {
      let count = unsafe octets.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return done }
      done += count
    }
    return done
  }

  /// What comes until the other side closes.
  func readToEnd() -> String {
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return String(decoding: octets, as: UTF8.self) }
      octets += buffer[..<count]
    }
  }

  /// One response, as long as its Content-Length says: for servers that keep the connection open.
  func readResponse() -> String {
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    var length: Int?
    while true {
      let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return String(decoding: octets, as: UTF8.self) }
      octets += buffer[..<count]
      if length == nil, let head = octets.firstRange(of: Array("\r\n\r\n".utf8)) {
        let lines = String(decoding: octets[..<head.lowerBound], as: UTF8.self).lowercased()
        let value = lines.components(separatedBy: "\r\n").first { $0.hasPrefix("content-length:") }
        length = value.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }.map {
          head.upperBound + $0
        }
      }
      if let length, octets.count >= length { return String(decoding: octets, as: UTF8.self) }
    }
  }

  /// Runs what blocks on a thread of its own.
  static func apart<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }

  /// Sends a request and reads until the end; nil where there is no response.
  static func exchange(port: Int, _ text: String) async throws -> Reply? {
    try await apart {
      let connection = try RawConnection(port: port)
      connection.send(Array(text.utf8))
      return Reply(parsing: connection.readToEnd())
    }
  }
}
