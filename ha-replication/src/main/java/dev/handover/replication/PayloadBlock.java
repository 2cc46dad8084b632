package dev.handover.replication;

import dev.handover.replication.protocol.PayloadMemory;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Memory that the payloads of many entries share, and that holds others when nobody reads these any more. Everybody who may yet read one of them is counted as a holder; who never lets go costs
 * no more than that: the memory then goes with the objects that refer to it, as any other. So whoever is not sure does not {@link #release}.
 *
 * <p>When the last holder has let go, the array is handed back and the block is at its end: it does not know the array any more, and whoever asks an entry for its payload still, in spite
 * of what he said, gets an {@link IllegalStateException} and never the bytes of another command.
 */
final class PayloadBlock extends PayloadMemory {
    private static final byte POISON = (byte) 0xdb;

    private final AtomicInteger holders = new AtomicInteger(1);
    private final Consumer<byte[]> takesBack;
    private final boolean poisons;
    private byte @Nullable [] bytes;

    /**
     * A block that is held once, by the caller.
     *
     * @param takesBack gets the array when nobody holds the block any more, on the thread of the last holder
     * @param poisons for tests: the array is overwritten then
     */
    PayloadBlock(byte[] bytes, Consumer<byte[]> takesBack, boolean poisons) {
        this.bytes = bytes;
        this.takesBack = takesBack;
        this.poisons = poisons;
    }

    /** The array. Any thread that is a holder, or acts for one. */
    @Override
    public byte[] bytes() {
        byte[] array = bytes;
        if (array == null) {
            throw new IllegalStateException("a payload is read after everybody had let go of it");
        }
        return array;
    }

    /** One more holder, who is known to be needed while another one is. Any thread. */
    void retain() {
        if (holders.getAndIncrement() <= 0) {
            holders.decrementAndGet();
            throw new IllegalStateException("a payload is kept after everybody had let go of it");
        }
    }

    /** One holder will not look at it again. Any thread. */
    void release() {
        int left = holders.decrementAndGet();
        if (left < 0) {
            throw new IllegalStateException("somebody has let go of a payload twice");
        }
        byte[] array = bytes;
        if (left == 0 && array != null) {
            bytes = null;
            if (poisons) {
                Arrays.fill(array, POISON);
            }
            takesBack.accept(array);
        }
    }
}
