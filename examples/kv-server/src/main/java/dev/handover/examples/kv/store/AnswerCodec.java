package dev.handover.examples.kv.store;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The answers to the writes of one entry, as bytes: a code each, and the number or reason. Only what a {@link Write} answers. */
public final class AnswerCodec {
    private static final byte DONE = 1;
    private static final byte NIL = 2;
    private static final byte NUMBER = 3;
    private static final byte NOT_AN_INTEGER = 4;
    private static final byte OVERFLOW = 5;
    private static final byte TOO_LONG = 6;

    private AnswerCodec() {}

    /** In the order of the writes. */
    public static byte[] encode(List<Answer> answers) {
        int size = 0;
        for (Answer answer : answers) {
            size += 1 + (answer instanceof Answer.Number number ? Binary.sizeOf(Binary.zigzag(number.value())) : 0);
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        for (Answer answer : answers) {
            if (answer instanceof Answer.Number number) {
                Binary.putNumber(out.put(NUMBER), Binary.zigzag(number.value()));
            } else if (answer instanceof Answer.Done) {
                out.put(DONE);
            } else if (answer instanceof Answer.Nil) {
                out.put(NIL);
            } else if (answer instanceof Answer.Refused refused) {
                out.put(
                        switch (refused.reason()) {
                            case NOT_AN_INTEGER -> NOT_AN_INTEGER;
                            case OVERFLOW -> OVERFLOW;
                            case TOO_LONG -> TOO_LONG;
                        });
            } else {
                throw new IllegalArgumentException("no write answers with " + answer);
            }
        }
        return out.array();
    }

    /**
     * In the order of the writes.
     *
     * @throws IllegalArgumentException if these are not answers
     */
    public static List<Answer> decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        List<Answer> answers = new ArrayList<>();
        while (in.hasRemaining()) {
            byte code = in.get();
            answers.add(
                    switch (code) {
                        case DONE -> Answer.Done.INSTANCE;
                        case NIL -> Answer.Nil.INSTANCE;
                        case NUMBER -> new Answer.Number(Binary.unzigzag(Binary.number(in)));
                        case NOT_AN_INTEGER -> new Answer.Refused(Answer.Reason.NOT_AN_INTEGER);
                        case OVERFLOW -> new Answer.Refused(Answer.Reason.OVERFLOW);
                        case TOO_LONG -> new Answer.Refused(Answer.Reason.TOO_LONG);
                        default -> throw new IllegalArgumentException("unknown answer " + code);
                    });
        }
        return answers;
    }
}
