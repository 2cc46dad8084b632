package dev.handover.netty;

/**
 * Numbers of the wire format. All integers are big-endian, strings are UTF-8 behind a two-byte length, lists stand behind a four-byte count.
 *
 * <pre>
 *  frame      0               4      5
 *             +---------------+------+------------------+
 *             | length (u32)  | type | body             |     length = 1 + size of body, 1..maxFrameBytes
 *             +---------------+------+------------------+
 *
 *  HELLO   1  magic "HDOV" | lowest version u16 | highest version u16 | speaker str | addressee str | cluster str  -- so in every version
 *             | incarnation uuid | count u32 | count x { group str | logId uuid | has lineage u8 | lineage uuid if so }
 *  READY   2  (empty)         the sender takes this connection
 *  REFUSE  3  reason str      so in every version; the sender closes
 *  GROUP   4  group str | logId uuid      the sender's replica of a group; numbered 0, 1, 2 … as they come
 *  PING    5  (empty)         the sender is alive and has nothing to say
 *
 *  message    type 16..49 | number of a GROUP u16 | fields in the order of the record
 *             APPEND has its entries last; an entry is
 *             index i64 | epoch i64 | timestamp i64 | kind u8 | session i64 | sequence i64 | answered below i64 | size u32 | payload
 *             TRANSFERRED is version i32 | lineage uuid | epoch i64 | leader node str | leader logId uuid | count u32 | count x { node str | logId uuid }
 *             | minInSync i32 | featureLevel i32 | nonce uuid | reason str | leaseNanos i64 | count u32 | count x { removed node str }
 *             JOIN is epoch i64 | lineage uuid | lastIndex i64 | lastEpoch i64 | featureLevel i32 | learner u8 (0 or 1)
 *             ADMIN_REQUEST and ADMIN_REPLY have their text behind a four-byte length
 * </pre>
 *
 * <p>A connection, seen from its dialer D and acceptor A; the node with the smaller id decides which connection a pair uses:
 *
 * <pre>
 *  D → A  HELLO
 *  A → D  HELLO     or REFUSE
 *  D → A  READY     or REFUSE; if D is the smaller, the connection stands with this
 *  A → D  READY     only if A is the smaller; the connection stands with this
 * </pre>
 */
final class Wire {
    static final int MAGIC = 0x48444F56;
    static final int LOWEST_VERSION = 1;
    static final int HIGHEST_VERSION = 1;

    /** Before the type: the length. */
    static final int LENGTH_BYTES = 4;
    /** Length, type and group number of a message. */
    static final int MESSAGE_HEAD_BYTES = LENGTH_BYTES + 1 + 2;
    /** No frame of a stranger may be longer. */
    static final int MAX_GREETING_BYTES = 1 << 20;

    static final int MAX_NAME_BYTES = 64;
    static final int MAX_TEXT_BYTES = 1024;
    static final int MAX_GROUPS = 1 << 16;

    static final int HELLO = 1;
    static final int READY = 2;
    static final int REFUSE = 3;
    static final int GROUP = 4;
    static final int PING = 5;

    static final int APPEND = 16;
    static final int ACK = 17;
    static final int MISMATCH = 18;
    static final int STALE = 19;
    static final int JOIN = 20;
    static final int GOODBYE = 21;
    static final int READ_INDEX_REQUEST = 22;
    static final int READ_INDEX_REPLY = 23;
    static final int FORWARD = 24;
    static final int REPLIES = 25;
    static final int TRANSFERRED = 26;
    static final int SNAPSHOT_OFFER = 30;
    static final int SNAPSHOT_CHUNK = 31;
    static final int SNAPSHOT_ACK = 32;
    static final int SUPPORTS = 40;
    static final int LEASE_REQUEST = 41;
    static final int LEASE_GRANTED = 42;
    static final int LACKS_ROOM = 44;
    static final int REST = 45;
    static final int RESTING = 46;
    static final int BEAT = 47;
    static final int ADMIN_REQUEST = 48;
    static final int ADMIN_REPLY = 49;

    private Wire() {}
}
