internal import CPostgres
internal import Glibc

/// Blocking libpq without any layer above it.
@safe
final class BareDatabase {
  private let connection: OpaquePointer

  init(_ conninfo: String) throws {
    guard let made = unsafe PQconnectdb(conninfo) else { throw BenchError("PQconnectdb: out of memory") }
    unsafe connection = made
    guard unsafe PQstatus(made) == CONNECTION_OK else { throw BenchError(lastMessage) }
  }

  deinit { unsafe PQfinish(connection) }

  private var lastMessage: String {
    guard let text = unsafe PQerrorMessage(connection) else { return "libpq" }
    return unsafe String(cString: text)
  }

  /// Runs SQL; returns the first column of the first row, if there is one.
  @discardableResult
  func run(_ sql: String) throws -> String? { unsafe try first(of: PQexec(connection, sql)) }

  func prepare(_ name: String, _ sql: String) throws {
    _ = unsafe try first(of: PQprepare(connection, name, sql, 0, nil))
  }

  /// Runs a prepared statement; returns the first row.
  func row(_ name: String, _ parameters: [String]) throws -> [String] {
    let result = unsafe try execute(name, parameters)
    defer { unsafe PQclear(result) }
    guard unsafe PQntuples(result) > 0 else { return [] }
    return (0..<(unsafe PQnfields(result))).map { unsafe String(cString: PQgetvalue(result, 0, $0)) }
  }

  private func execute(_ name: String, _ parameters: [String]) throws -> OpaquePointer? {
    let words = CStrings(parameters)
    let result = unsafe words.list.map { unsafe UnsafePointer($0) }.withUnsafeBufferPointer { list in
      unsafe PQexecPrepared(connection, name, Int32(parameters.count), list.baseAddress, nil, nil, 0)
    }
    let status = unsafe PQresultStatus(result)
    guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
      unsafe PQclear(result)
      throw BenchError(lastMessage)
    }
    return unsafe result
  }

  private func first(of result: OpaquePointer?) throws -> String? {
    defer { unsafe PQclear(result) }
    let status = unsafe PQresultStatus(result)
    guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw BenchError(lastMessage) }
    guard unsafe PQntuples(result) > 0, unsafe PQgetisnull(result, 0, 0) == 0 else { return nil }
    return unsafe String(cString: PQgetvalue(result, 0, 0))
  }

  /// Waits for the next notification and returns the single key that it names; nil if none arrived in time.
  func notifiedKey(within milliseconds: Int32) throws -> String? {
    while true {
      if let notification = unsafe PQnotifies(connection) {
        defer { unsafe PQfreemem(notification) }
        if let key = unsafe BareDatabase.key(in: notification.pointee.extra) { return key }
        continue
      }
      var descriptor = pollfd(fd: unsafe PQsocket(connection), events: Int16(POLLIN), revents: 0)
      if unsafe poll(&descriptor, 1, milliseconds) <= 0 { return nil }
      guard unsafe PQconsumeInput(connection) == 1 else { throw BenchError(lastMessage) }
    }
  }

  /// The text between `["` and the next quotation mark.
  private static func key(in payload: UnsafeMutablePointer<CChar>) -> String? {
    guard let start = unsafe strchr(payload, Int32(UInt8(ascii: "["))),
      let end = unsafe strchr(start + 2, Int32(UInt8(ascii: "\"")))
    else { return nil }
    return unsafe String(
      decoding: UnsafeRawBufferPointer(start: start + 2, count: end - start - 2), as: UTF8.self)
  }
}

/// Why the benchmark cannot go on.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
