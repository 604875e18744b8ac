/// The principals of a keytab: the file in which MIT Kerberos and Active Directory's `ktpass` keep keys.
///
/// The format is MIT's "Keytab file format", version 2. The keys themselves are skipped.
public struct Keytab: Hashable, Sendable {
  /// `rollcall@EXAMPLE.COM`, in the order of the file, each once.
  public private(set) var principals: [String] = []

  /// nil if the octets are no keytab.
  public init?(_ bytes: [UInt8]) {
    guard bytes.starts(with: [5, 2]) else { return nil }
    var rest = bytes[2...]
    while !rest.isEmpty {
      // A negative length is that of a deleted entry.
      guard let length = Self.number(&rest, octets: 4).map({ Int(Int32(truncatingIfNeeded: $0)) }) else { return nil }
      guard var entry = Self.take(&rest, length.magnitude) else { return nil }
      if length <= 0 { continue }
      guard let principal = Self.principal(&entry) else { return nil }
      if !principals.contains(principal) { principals.append(principal) }
    }
  }

  /// Whether there is a key of this principal, which is written as in ``principals``.
  public func holds(_ principal: String) -> Bool { principals.contains(principal) }

  private static func principal(_ entry: inout ArraySlice<UInt8>) -> String? {
    guard let count = number(&entry, octets: 2), let realm = text(&entry) else { return nil }
    var components: [String] = []
    for _ in 0..<count {
      guard let component = text(&entry) else { return nil }
      components.append(escaped(component))
    }
    return "\(components.joined(separator: "/"))@\(escaped(realm))"
  }

  /// As krb5_parse_name(3) reads it: a slash or an at sign inside a component has a backslash before it.
  private static func escaped(_ component: String) -> String {
    component.reduce(into: "") { text, character in
      if "\\/@".contains(character) { text.append("\\") }
      text.append(character)
    }
  }

  private static func text(_ rest: inout ArraySlice<UInt8>) -> String? {
    guard let length = number(&rest, octets: 2), let octets = take(&rest, UInt(length)) else { return nil }
    return String(decoding: octets, as: UTF8.self)
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, octets: UInt) -> UInt32? {
    take(&rest, octets)?.reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func take(_ rest: inout ArraySlice<UInt8>, _ count: UInt) -> ArraySlice<UInt8>? {
    guard count <= UInt(rest.count) else { return nil }
    defer { rest = rest.dropFirst(Int(count)) }
    return rest.prefix(Int(count))
  }
}
