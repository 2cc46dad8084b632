package dev.handover.replication.simulator;

import dev.handover.replication.protocol.LogEntry;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A few numbers that are overwritten, extended (a hash of all that was put into it) or compared and set. */
final class SimStateMachine {
    /** What can be done to a number. */
    enum Kind {
        /** Tells it. */
        READ,
        /** Overwrites it; the answer says nothing. */
        WRITE,
        /** Replaces it by a hash of it and a value; the answer is what it was. */
        EXTEND,
        /** Overwrites it if it is as expected; the answer is 1 or 0. */
        COMPARE_AND_SET;

        private static final Kind[] ALL = values();
    }

    /** One operation of a client. */
    record Input(int key, Kind kind, long value, long expected) {
        byte[] encode() {
            return ByteBuffer.allocate(18)
                    .put((byte) kind.ordinal())
                    .put((byte) key)
                    .putLong(value)
                    .putLong(expected)
                    .array();
        }

        static Input decode(byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            Kind kind = Kind.ALL[buffer.get()];
            int key = buffer.get();
            return new Input(key, kind, buffer.getLong(), buffer.getLong());
        }

        long next(long state) {
            return switch (kind) {
                case READ -> state;
                case WRITE -> value;
                case EXTEND -> ChainLog.mix(state, value);
                case COMPARE_AND_SET -> state == expected ? value : state;
            };
        }

        long answer(long state) {
            return switch (kind) {
                case READ, EXTEND -> state;
                case WRITE -> 0;
                case COMPARE_AND_SET -> state == expected ? 1 : 0;
            };
        }
    }

    private final long[] numbers = new long[8];
    private long digest;

    byte[] apply(LogEntry entry) {
        Input input = Input.decode(entry.payload());
        long before = numbers[input.key];
        numbers[input.key] = input.next(before);
        mixIn(numbers[input.key]);
        mixIn(input.key);
        return ByteBuffer.allocate(Long.BYTES).putLong(input.answer(before)).array();
    }

    long read(int key) {
        return numbers[key];
    }

    void mixIn(long value) {
        digest = ChainLog.mix(digest, value);
    }

    /** Of everything that was applied, in order. */
    long digest() {
        return digest;
    }

    void save(DataOutput out) throws IOException {
        for (long number : numbers) {
            out.writeLong(number);
        }
        out.writeLong(digest);
    }

    void load(DataInput in) throws IOException {
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = in.readLong();
        }
        digest = in.readLong();
    }

    static long result(byte[] result) {
        return ByteBuffer.wrap(result).getLong();
    }
}
