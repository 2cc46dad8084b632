package dev.handover.replication;

import java.nio.ByteBuffer;

/**
 * A state machine that reads commands where the log keeps them, so that none needs an object or a copy of its own. For machines that take out what they want and keep nothing else of a command;
 * others are better off with {@link StateMachine#apply(Command)}, whose payload may be kept.
 */
public interface InPlaceStateMachine extends StateMachine {
    /**
     * As {@link StateMachine#apply(Command)}, instead of it, for every command.
     *
     * @param index of its entry in the log
     * @param epoch in which it was appended
     * @param timestampMillis wall clock of the leader that appended it, see {@link Command}
     * @param command read only, big-endian; the command lies between its position and its limit, and the position may not be 0. Good until the method returns: the memory behind it holds other
     *     commands later, so neither it nor a part of it may be kept
     */
    byte[] apply(long index, long epoch, long timestampMillis, ByteBuffer command);

    @Override
    default byte[] apply(Command command) {
        return apply(
                command.index(),
                command.epoch(),
                command.timestampMillis(),
                ByteBuffer.wrap(command.payload()).asReadOnlyBuffer());
    }
}
