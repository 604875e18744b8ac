/// Reads the elements of PostgreSQL's array output one by one (manual, 8.15.6). Arrays of any number of dimensions
/// are flattened; NULL elements are left out.
struct ArrayLiteral {
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // `[2:3]={…}`: bounds that do not begin at 1.
    if bytes.first == UInt8(ascii: "["), let equals = bytes.firstIndex(of: UInt8(ascii: "=")) {
      position = equals + 1
    }
  }

  /// The next element; nil at the end.
  mutating func next() throws(UndecodableValue) -> [UInt8]? {
    while position < bytes.count {
      let byte = bytes[position]
      guard depth > 0 || byte == UInt8(ascii: "{") else { throw Self.malformed }
      switch byte {
      case UInt8(ascii: "{"):
        depth += 1
        position += 1
      case UInt8(ascii: "}"):
        depth -= 1
        position += 1
        if depth == 0 {
          guard position == bytes.count else { throw Self.malformed }
          return nil
        }
      case UInt8(ascii: ","):
        position += 1
      case UInt8(ascii: "\""):
        return try quoted()
      default:
        if let element = try bare() { return element }
      }
    }
    throw Self.malformed
  }

  private mutating func quoted() throws(UndecodableValue) -> [UInt8] {
    var element: [UInt8] = []
    position += 1
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return element
      case UInt8(ascii: "\\"):
        position += 1
        guard position < bytes.count else { throw Self.malformed }
        element.append(bytes[position])
      case let byte:
        element.append(byte)
      }
      position += 1
    }
    throw Self.malformed
  }

  /// An unquoted element; nil is NULL, which is never quoted in the output.
  private mutating func bare() throws(UndecodableValue) -> [UInt8]? {
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: ","), bytes[position] != UInt8(ascii: "}") {
      guard bytes[position] != UInt8(ascii: "{"), bytes[position] != UInt8(ascii: "\"") else {
        throw Self.malformed
      }
      position += 1
    }
    let element = bytes[start..<position]
    return element.elementsEqual("NULL".utf8) ? nil : Array(element)
  }

  private static let malformed = UndecodableValue("an array is not in PostgreSQL's output format")
}
