internal import CLDAP
internal import Glibc

/// The bytes between libldap (or its TLS layer) and a descriptor: a `Sockbuf_IO`, see lber-sockbuf(3).
///
/// At the bottom of libldap's stack it accepts all output, so that a request is never half-sent inside libldap (its
/// LDAP_BUSY), and it reads ahead. A window of requests is sent in one system call and their answers are received in
/// one. While opening, on a thread of its own, reads wait until a deadline: a silent peer cannot delay a handshake
/// longer than that.
@safe
final class Wire {
  /// Octets requested from the kernel at once; also the amount that a session reads before others have their turn.
  private static let readAhead = 64 << 10
  /// An output buffer that has grown beyond this is released.
  private static let keptOutput = 1 << 20

  let descriptor: Int32
  /// Set while opening: reads and writes wait for the peer until then.
  var deadline: ContinuousClock.Instant?
  private(set) var timedOut = false
  /// The `errno` that ended the connection; 0 while it lives, or if the peer closed it.
  private(set) var failure: Int32 = 0
  /// Whether the peer has closed the connection.
  private(set) var ended = false
  /// Octets received since the last message with a pending request.
  private(set) var unclaimed = 0

  private let functions: UnsafeMutablePointer<Sockbuf_IO>
  private let input: UnsafeMutableRawPointer
  private var inputStart = 0
  private var inputEnd = 0
  private var mayReceive = false
  private var output: [UInt8] = []
  private var outputStart = 0
  private var isMuted = false

  /// Takes ownership of the descriptor; it is non-blocking.
  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    unsafe input = .allocate(byteCount: Wire.readAhead, alignment: 16)
    unsafe functions = .allocate(capacity: 1)
    unsafe functions.initialize(
      to: Sockbuf_IO(
        sbi_setup: { description, wire in
          unsafe description?.pointee.sbiod_pvt = wire
          return 0
        },
        sbi_remove: { _ in 0 },
        sbi_ctrl: { description, option, _ in
          option == LBER_SB_OPT_DATA_READY && (unsafe Wire.of(description)).hasInput ? 1 : 0
        },
        sbi_read: { description, buffer, length in
          unsafe Wire.of(description).read(into: buffer, Int(length))
        },
        sbi_write: { description, buffer, length in
          unsafe Wire.of(description).write(UnsafeRawBufferPointer(start: buffer, count: Int(length)))
        },
        // libldap may close its side after any failure; the descriptor is still watched then and stays open.
        sbi_close: { _ in 0 }))
  }

  deinit {
    close(descriptor)
    unsafe functions.deinitialize(count: 1)
    unsafe functions.deallocate()
    unsafe input.deallocate()
  }

  /// Installs itself below the connection of a handle that was created with `LDAP_PROTO_EXT`. The handle must be
  /// destroyed before the wire is released.
  func install(under socket: OpaquePointer) -> Bool {
    unsafe ber_sockbuf_add_io(
      socket, functions, LBER_SBIOD_LEVEL_PROVIDER, Unmanaged.passUnretained(self).toOpaque()) == 0
  }

  private static func of(_ description: UnsafeMutablePointer<Sockbuf_IO_Desc>?) -> Wire {
    guard let wire = unsafe description?.pointee.sbiod_pvt else {
      preconditionFailure("libldap calls a wire that was not set up")
    }
    return unsafe Unmanaged<Wire>.fromOpaque(wire).takeUnretainedValue()
  }

  // MARK: For libldap

  private func read(into buffer: UnsafeMutableRawPointer?, _ length: Int) -> Int {
    if !hasInput {
      let received = receive()
      guard received > 0 else { return received }
    }
    let count = min(length, inputEnd - inputStart)
    unsafe buffer?.copyMemory(from: input + inputStart, byteCount: count)
    inputStart += count
    return count
  }

  private func receive() -> Int {
    if let deadline {
      while hasOutput {
        guard flush(), !hasOutput || wait(for: POLLOUT, deadline) else { return -1 }
      }
      guard wait(for: POLLIN, deadline) else { return -1 }
    } else if !mayReceive {
      errno = EAGAIN
      return -1
    }
    mayReceive = false
    var count = -1
    repeat { count = unsafe recv(descriptor, input, Wire.readAhead, 0) } while count < 0 && errno == EINTR
    if count > 0 {
      unclaimed += count
      inputStart = 0
      inputEnd = count
    } else if count == 0 {
      ended = true
      errno = 0
    } else if errno != EAGAIN {
      failure = errno
    }
    return count
  }

  private func wait(for event: Int32, _ deadline: ContinuousClock.Instant) -> Bool {
    if Dialer.wait(for: event, on: descriptor, until: deadline) { return true }
    timedOut = true
    errno = ETIMEDOUT
    return false
  }

  private func write(_ bytes: UnsafeRawBufferPointer) -> Int {
    if !isMuted { unsafe output.append(contentsOf: bytes) }
    return bytes.count
  }

  // MARK: For the session

  /// Lets libldap read from the kernel once more; the next time is another turn of the loop.
  func allowReceiving() { mayReceive = true }

  /// Records that libldap has parsed a message.
  func noteMessage() { unclaimed = 0 }

  /// Whether there is input that libldap has not read yet.
  var hasInput: Bool { inputStart < inputEnd }

  var hasOutput: Bool { outputStart < output.count }

  /// Sends what the kernel accepts now; false if the connection has failed.
  func flush() -> Bool {
    while hasOutput {
      let sent = unsafe output.withUnsafeBytes { bytes in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[outputStart...])
        return unsafe send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if sent >= 0 {
        outputStart += sent
      } else if errno == EAGAIN {
        return true
      } else if errno != EINTR {
        failure = errno
        return false
      }
    }
    clear()
    return true
  }

  /// Sends nothing any more. Data after a truncated message would be read as its continuation.
  func mute() {
    isMuted = true
    clear()
  }

  private func clear() {
    output.removeAll(keepingCapacity: output.capacity <= Wire.keptOutput)
    outputStart = 0
  }
}
