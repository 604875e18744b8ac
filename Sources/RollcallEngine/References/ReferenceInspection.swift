internal import Postgres
internal import RollcallConfiguration
internal import RollcallCore

extension KeyType {
  /// OIDs of the types, and of their arrays, whose texts are the texts of keys.
  private var referenceTypes: Set<UInt32> {
    let integers: Set<UInt32> = [21, 23, 20, 1005, 1007, 1016]
    return switch self {
    case .integer: integers
    case .uuid: [2950, 2951]
    // The text of a number or a uuid may be such a key.
    case .text: integers.union([25, 1043, 19, 2950, 1009, 1015, 1003, 2951])
    }
  }

  /// Why an expression of `users.references` gives no keys, and what to do; nil where it gives them.
  ///
  /// The text of a value of another type would be no key, so that it would refer to nobody, or look like one by chance.
  /// - Parameter type: the OID of the expression's type.
  func misreference(_ type: UInt32) -> (message: String, remedy: String)? {
    if referenceTypes.contains(type) { return nil }
    return (
      "does not give keys: source.key is of type \(name), and the expression of another",
      "it must give the other person's key, or an array of keys: cast it, as in (expression)::\(name)"
    )
  }
}

extension MappingInspection {
  /// Checks that an expression of `users.references` gives keys.
  func reference(_ reading: MappingReading, _ readings: [MappingReading]) -> Finding? {
    guard let key = readings.first(where: { $0.path == "source.key" }).flatMap({ KeyType(oid: $0.type) }),
      let found = key.misreference(reading.type)
    else { return nil }
    return Finding(.error, configuration.place(of: reading.path), found.message, remedy: found.remedy)
  }
}
