internal import Glibc

/// Opens the socket to a server within a total deadline. It blocks, so it belongs on a thread of its own.
///
/// libldap's own connect is not used: it has no deadline for several addresses, and with `LDAP_OPT_NETWORK_TIMEOUT`
/// its TLS handshake spins if the peer is silent (ITS#8047).
enum Dialer {
  struct Failure: Error {
    let reason: String
    var timedOut = false
  }

  /// A connected, non-blocking descriptor.
  static func connect(
    _ address: ServerAddress, _ deadline: ContinuousClock.Instant
  ) throws(Failure) -> Int32 {
    if address.scheme == .ldapi { return try connect(path: address.host, deadline) }
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let failure = unsafe getaddrinfo(address.host, String(address.port), &hints, &found)
    guard failure == 0, let first = unsafe found else {
      let reason = unsafe String(cString: gai_strerror(failure))
      throw Failure(reason: "\(address.host): \(reason); check the host name in the url")
    }
    defer { unsafe freeaddrinfo(first) }
    var candidates: [UnsafeMutablePointer<addrinfo>] = unsafe []
    var next = unsafe found
    while let candidate = unsafe next {
      unsafe candidates.append(candidate)
      unsafe next = candidate.pointee.ai_next
    }
    var last = Failure(reason: "no address")
    for index in unsafe candidates.indices {
      // An address that drops packets must leave time for the others.
      let share = unsafe (deadline - ContinuousClock.now) / (candidates.count - index)
      let info = unsafe candidates[index].pointee
      do {
        let descriptor = try unsafe connect(info.ai_family, info.ai_addr, info.ai_addrlen, .now + share)
        configure(descriptor)
        return descriptor
      } catch {
        last = error
      }
    }
    throw Failure(
      reason: last.timedOut
        ? "\(address.host) port \(address.port) does not answer; check address, port and firewall"
        : "\(address.host) port \(address.port): \(last.reason); is the server running, and listening there?",
      timedOut: last.timedOut)
  }

  private static func connect(
    path: String, _ deadline: ContinuousClock.Instant
  ) throws(Failure) -> Int32 {
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: name.sun_path) else {
      throw Failure(reason: "the socket's path is too long")
    }
    unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: bytes) }
    do {
      return try unsafe withUnsafePointer(to: &name) { pointer throws(Failure) in
        try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address throws(Failure) in
          try unsafe connect(AF_UNIX, address, socklen_t(MemoryLayout<sockaddr_un>.size), deadline)
        }
      }
    } catch {
      throw Failure(
        reason: "\(path): \(error.reason); is the server listening there?", timedOut: error.timedOut)
    }
  }

  private static func connect(
    _ family: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t,
    _ deadline: ContinuousClock.Instant
  ) throws(Failure) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { throw Failure(reason: message(errno)) }
    var error = unsafe Glibc.connect(descriptor, address, length) == 0 ? 0 : errno
    if error == EINPROGRESS {
      guard wait(for: POLLOUT, on: descriptor, until: deadline) else {
        close(descriptor)
        throw Failure(reason: "no answer", timedOut: true)
      }
      var size = socklen_t(MemoryLayout<Int32>.size)
      _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
    }
    guard error == 0 else {
      close(descriptor)
      throw Failure(reason: message(error))
    }
    return descriptor
  }

  /// Sets keepalives, because a half-open connection is silent for hours, and TCP_NODELAY, for small requests.
  private static func configure(_ descriptor: Int32) {
    let tcp = Int32(IPPROTO_TCP)
    for (level, option, value) in [
      (tcp, TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1), (tcp, TCP_KEEPIDLE, 10),
      (tcp, TCP_KEEPINTVL, 3), (tcp, TCP_KEEPCNT, 3), (tcp, TCP_USER_TIMEOUT, 10_000),
    ] as [(Int32, Int32, Int32)] {
      var value = value
      _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  /// Whether the descriptor became ready before the deadline; an error on it counts as ready.
  static func wait(for event: Int32, on descriptor: Int32, until deadline: ContinuousClock.Instant) -> Bool {
    while true {
      let left = (deadline - ContinuousClock.now) / .milliseconds(1)
      if left <= 0 { return false }
      var polled = pollfd(fd: descriptor, events: Int16(event), revents: 0)
      let ready = unsafe poll(&polled, 1, Int32(min(left, 3_600_000)) + 1)
      if ready > 0 || (ready < 0 && errno != EINTR) { return true }
    }
  }

  static func message(_ error: Int32) -> String { unsafe String(cString: strerror(error)) }
}
