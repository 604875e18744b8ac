internal import Postgres
internal import RollcallConfiguration
internal import RollcallCore

/// Checks that the expressions of `users.references` give keys.
extension MappingInspection {
  /// An expression whose type is not that of the keys: its text would be no key, or look like one by chance.
  func reference(_ reading: MappingReading, _ readings: [MappingReading]) -> Finding? {
    guard let key = readings.first(where: { $0.path == "source.key" }).flatMap({ KeyType(oid: $0.type) }),
      !MappingInspection.types(of: key).contains(reading.type)
    else { return nil }
    let wanted = key.name == "text" ? "text" : key.name
    return Finding(
      .error, configuration.place(of: reading.path),
      "does not give keys: source.key is of type \(wanted), and the expression of another",
      remedy: "it must give the other person's key, or an array of keys: cast it, as in (expression)::\(wanted)")
  }

  /// OIDs of the types, and of their arrays, whose texts are the texts of keys.
  private static func types(of key: KeyType) -> Set<UInt32> {
    let integers: Set<UInt32> = [21, 23, 20, 1005, 1007, 1016]
    return switch key {
    case .integer: integers
    case .uuid: [2950, 2951]
    // The text of a number or a uuid may be such a key.
    case .text: integers.union([25, 1043, 19, 2950, 1009, 1015, 1003, 2951])
    }
  }
}
