package dev.handover.replication.storage;

import dev.handover.replication.protocol.LogEntry;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A record and its checksums. Reused: one of these encodes or decodes one record after the other. Not thread-safe.
 *
 * <pre>
 *    0  u32  CRC32C of the log's salt, of the record's offset in the log, and of bytes 4..71
 *    4  u32  CRC32C of the payload and its padding
 *    8  u32  0x48410000 + kind: 1 BARRIER, 2 COMMAND, 3 OPEN_SESSION; 14 CUT, 15 END
 *   12  u32  length of the payload
 *   16  u64  index; of a CUT: the first index that is cut; of an END: the index behind the last one
 *   24  u64  epoch; 0 in CUT and END
 *   32  u64  timestamp; 0 in CUT and END
 *   40  u32  durable mark: this offset minus the offset before which all had been forced; 0xffffffff: none known
 *   44  u32  sequence of the state that had been forced (low half)
 *   48  u64  session id
 *   56  u64  sequence
 *   64  u64  answered below
 *   72       payload, zeros up to a multiple of 8
 * </pre>
 *
 * Numbers are big-endian; records begin at multiples of 8. The header has its own checksum so that marks behind an unreadable record can be trusted
 * without its payload, and the offset in it keeps bytes from verifying anywhere but where they were written.
 */
final class RecordHeader {
    static final int SIZE = 72;
    static final int ALIGNMENT = 8;

    static final int CUT = 14;
    static final int END = 15;
    private static final int MAGIC = 0x48410000;
    private static final int KIND_AT = 8;
    /** Up to here at the latest something in every header is not zero. */
    static final int MARKED = KIND_AT + Integer.BYTES;

    private static final long NO_MARK = 0xffff_ffffL;
    private static final byte[] ZEROS = new byte[ALIGNMENT];
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    /** Place plus one is the number on disk. */
    private static final List<LogEntry.Kind> KINDS =
            List.of(LogEntry.Kind.BARRIER, LogEntry.Kind.COMMAND, LogEntry.Kind.OPEN_SESSION);

    private final CRC32C crc = new CRC32C();
    private final byte[] place = new byte[16];
    private final byte[] bytes = new byte[SIZE];

    int kind;
    int length;
    int payloadCrc;
    long index;
    long epoch;
    long timestamp;
    long mark;
    int stateSequence;
    long sessionId;
    long sequence;
    long answeredBelow;

    RecordHeader(long salt) {
        LONG.set(place, 0, salt);
    }

    /** Bytes that a payload takes with its padding. */
    static long padded(int length) {
        return (length + (long) (ALIGNMENT - 1)) & -ALIGNMENT;
    }

    static int padding(int length) {
        return (int) (padded(length) - length);
    }

    /** Bytes of the whole record. */
    long recordSize() {
        return SIZE + padded(length);
    }

    boolean isEntry() {
        return kind <= KINDS.size();
    }

    /** True if the place holds what every header has; says nothing about its checksum. */
    static boolean looksLikeOne(byte[] source, int at) {
        return ((int) INT.get(source, at + KIND_AT) & 0xffff_0000) == MAGIC;
    }

    void set(LogEntry entry) {
        kind = KINDS.indexOf(entry.kind()) + 1;
        index = entry.index();
        epoch = entry.epoch();
        timestamp = entry.timestamp();
        sessionId = entry.sessionId();
        sequence = entry.sequence();
        answeredBelow = entry.answeredBelow();
    }

    void set(int controlKind, long controlIndex) {
        kind = controlKind;
        index = controlIndex;
        epoch = 0;
        timestamp = 0;
        sessionId = 0;
        sequence = 0;
        answeredBelow = 0;
    }

    LogEntry entry(byte[] payload) {
        return new LogEntry(index, epoch, timestamp, KINDS.get(kind - 1), sessionId, sequence, answeredBelow, payload);
    }

    /** The header's bytes, good until the next call; fields that hold the record's own data must be set. */
    byte[] encode(long offset, byte[] array, int at, int count, long durableMark, long durableState) {
        length = count;
        payloadCrc = crcOf(array, at, count, padding(count));
        INT.set(bytes, 4, payloadCrc);
        INT.set(bytes, KIND_AT, MAGIC | kind);
        INT.set(bytes, 12, length);
        LONG.set(bytes, 16, index);
        LONG.set(bytes, 24, epoch);
        LONG.set(bytes, 32, timestamp);
        INT.set(bytes, 40, (int) Math.min(offset - durableMark, NO_MARK));
        INT.set(bytes, 44, (int) durableState);
        LONG.set(bytes, 48, sessionId);
        LONG.set(bytes, 56, sequence);
        LONG.set(bytes, 64, answeredBelow);
        INT.set(bytes, 0, headerCrc(offset, bytes, 0));
        return bytes;
    }

    /** Takes the fields from a header; false, and nothing taken, if it does not verify there. */
    boolean decode(byte[] source, int at, long offset) {
        int magicAndKind = (int) INT.get(source, at + KIND_AT);
        int found = magicAndKind & 0xffff;
        int foundLength = (int) INT.get(source, at + 12);
        if ((magicAndKind & 0xffff_0000) != MAGIC
                || (int) INT.get(source, at) != headerCrc(offset, source, at)
                || foundLength < 0
                || (found != CUT && found != END && (found < 1 || found > KINDS.size()))) {
            return false;
        }
        kind = found;
        length = foundLength;
        payloadCrc = (int) INT.get(source, at + 4);
        index = (long) LONG.get(source, at + 16);
        epoch = (long) LONG.get(source, at + 24);
        timestamp = (long) LONG.get(source, at + 32);
        long distance = (int) INT.get(source, at + 40) & NO_MARK;
        mark = distance == NO_MARK ? 0 : offset - distance;
        stateSequence = (int) INT.get(source, at + 44);
        sessionId = (long) LONG.get(source, at + 48);
        sequence = (long) LONG.get(source, at + 56);
        answeredBelow = (long) LONG.get(source, at + 64);
        return true;
    }

    /** Checks a payload whose padding is behind it. */
    boolean verifies(byte[] source, int at) {
        return crcOf(source, at, (int) padded(length), 0) == payloadCrc;
    }

    private int headerCrc(long offset, byte[] source, int at) {
        LONG.set(place, 8, offset);
        crc.reset();
        crc.update(place, 0, place.length);
        crc.update(source, at + 4, SIZE - 4);
        return (int) crc.getValue();
    }

    private int crcOf(byte[] source, int at, int count, int zeros) {
        crc.reset();
        crc.update(source, at, count);
        crc.update(ZEROS, 0, zeros);
        return (int) crc.getValue();
    }
}
