/// How a column's text becomes attribute values, determined by the OID of its PostgreSQL type.
public indirect enum ColumnType: Sendable, Equatable {
  /// Any type whose text is the value.
  case text
  /// `character(n)`: trailing blanks are removed, as `::text` does.
  case blankPadded
  case bool
  case bytea
  case timestamptz
  /// Several values, separated by commas; `box[]`, the only type with another separator, is excluded.
  case array(of: ColumnType)

  /// The type with this OID in `pg_type`; user-defined types are text. For their arrays, whose OIDs differ between
  /// databases, the caller makes `.array(of: .text)` from `typcategory = 'A'`.
  public init(oid: UInt32) {
    self =
      switch oid {
      case 16: .bool
      case 17: .bytea
      case 1042: .blankPadded
      case 1184: .timestamptz
      case 1000: .array(of: .bool)
      case 1001: .array(of: .bytea)
      case 1014: .array(of: .blankPadded)
      case 1185: .array(of: .timestamptz)
      case 143, 199, 210, 271, 629, 651, 719, 775, 1002, 1003, 1005, 1007...1013, 1015...1019, 1021, 1022,
        1027, 1028, 1034, 1040, 1041, 1115, 1182, 1183, 1187, 1231, 1263, 1270, 1561, 1563, 2207...2211, 2949,
        2951, 3221, 3643, 3644, 3645, 3735, 3770, 3807, 3905, 3907, 3909, 3911, 3913, 3927, 4073, 4090, 4097,
        5039:
        .array(of: .text)
      default: .text
      }
  }
}
