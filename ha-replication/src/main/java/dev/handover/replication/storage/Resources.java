package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Things opened one after the other, closed in the opposite order, all of them whatever happens. */
final class Resources implements Closeable {
    private final Deque<Closeable> opened = new ArrayDeque<>();

    <T extends Closeable> T add(T resource) {
        opened.push(resource);
        return resource;
    }

    void closeAllBut(Closeable kept) throws IOException {
        opened.remove(kept);
        close();
        opened.push(kept);
    }

    /** Closes everything because of a failure, which is told of further ones. */
    void closeAfter(Throwable failure) {
        try {
            close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    @Override
    public void close() throws IOException {
        @Nullable IOException first = null;
        for (Iterator<Closeable> all = opened.iterator(); all.hasNext(); ) {
            Closeable next = all.next();
            all.remove();
            try {
                next.close();
            } catch (IOException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
