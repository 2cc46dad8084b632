package dev.handover.replication.explorer;

import dev.handover.replication.protocol.ProtocolOptions;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Everything that an object refers to, written down in a fixed order and hashed to 128 bits: two objects with equal dumps behave alike. Follows all fields of the project's own classes, shared
 * objects and circles included, and the elements of collections in their order. A type that it does not know is an error, so that nothing is left out in silence.
 */
final class Dump {
    /** 128 bits of hash. */
    record Key(long high, long low) {}

    /** What has no influence on what a core does, only on what it says for people: would keep states apart that behave alike. */
    private static final Set<String> UNIMPORTANT = Set.of("ReplicaProtocol.lastStatus", "ReplicaState.reason");

    private static final Map<Class<?>, Field[]> FIELDS = new HashMap<>();

    private final IdentityHashMap<Object, Integer> seen = new IdentityHashMap<>();
    private long high = 0x243F6A8885A308D3L;
    private long low = 0x13198A2E03707344L;

    private Dump() {}

    static Key of(Object object) {
        Dump dump = new Dump();
        dump.write(object);
        return new Key(dump.high, dump.low);
    }

    private void put(long value) {
        high = mix(high ^ value, 0x9E3779B97F4A7C15L);
        low = mix(low + value, 0xC2B2AE3D27D4EB4FL) + high;
    }

    private static long mix(long value, long odd) {
        long z = value * odd;
        z = (z ^ (z >>> 32)) * 0xD6E8FEB86659FD93L;
        return z ^ (z >>> 29);
    }

    private void write(Object object) {
        if (object == null) {
            put(1);
        } else if (object instanceof Long || object instanceof Integer) {
            put(2);
            put(((Number) object).longValue());
        } else if (object instanceof Boolean flag) {
            put(flag ? 3 : 4);
        } else if (object instanceof Double number) {
            put(13);
            put(Double.doubleToLongBits(number));
        } else if (object instanceof String text) {
            put(5);
            put(text.length());
            for (int i = 0; i < text.length(); i++) {
                put(text.charAt(i));
            }
        } else if (object instanceof UUID id) {
            put(6);
            put(id.getMostSignificantBits());
            put(id.getLeastSignificantBits());
        } else if (object instanceof Enum<?> one) {
            put(7);
            put(one.ordinal());
        } else if (object instanceof Map<?, ?> map) {
            ordered(map);
            put(8);
            put(map.size());
            map.forEach((key, value) -> {
                write(key);
                write(value);
            });
        } else if (object instanceof Collection<?> collection) {
            ordered(collection);
            put(9);
            put(collection.size());
            collection.forEach(this::write);
        } else if (object.getClass().isArray()) {
            int length = Array.getLength(object);
            put(10);
            put(length);
            for (int i = 0; i < length; i++) {
                write(primitive(Array.get(object, i)));
            }
        } else {
            writeFields(object);
        }
    }

    private static boolean isConstant(Class<?> type) {
        return type == Consumer.class || type == ProtocolOptions.class;
    }

    private static Object primitive(Object value) {
        return value instanceof Byte small ? (Object) (long) small : value;
    }

    /** Hash collections have no order that two runs share; immutable ones of at most one element have. */
    private static void ordered(Object collection) {
        String name = collection.getClass().getSimpleName();
        boolean small =
                collection instanceof Collection<?> some ? some.size() < 2 : ((Map<?, ?>) collection).size() < 2;
        boolean sorted = name.startsWith("Tree") || name.equals("ArrayDeque") || collection instanceof List;
        if (!sorted && !small) {
            throw new IllegalStateException("no defined order in a "
                    + collection.getClass().getName() + ": the core must not use it, or Dump must learn it");
        }
    }

    private void writeFields(Object object) {
        Class<?> type = object.getClass();
        if (!type.getName().startsWith("dev.handover.")) {
            throw new IllegalStateException("Dump does not know " + type.getName());
        }
        if (!type.isRecord()) {
            Integer number = seen.putIfAbsent(object, seen.size());
            if (number != null) {
                put(11);
                put(number);
                return;
            }
        }
        put(12);
        put(type.getName().hashCode());
        try {
            for (Field field : fields(type)) {
                Class<?> kind = field.getType();
                if (kind == long.class) {
                    put(field.getLong(object));
                } else if (kind == int.class) {
                    put(field.getInt(object));
                } else if (kind == boolean.class) {
                    put(field.getBoolean(object) ? 1 : 0);
                } else {
                    write(field.get(object));
                }
            }
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Field[] fields(Class<?> type) {
        synchronized (FIELDS) {
            return FIELDS.computeIfAbsent(type, Dump::findFields);
        }
    }

    private static Field[] findFields(Class<?> type) {
        List<Field> found = new ArrayList<>();
        for (Class<?> one = type; one != Object.class; one = one.getSuperclass()) {
            String owner = one.getSimpleName();
            Arrays.stream(one.getDeclaredFields())
                    .filter(field -> !Modifier.isStatic(field.getModifiers()))
                    // a listener is a method of the core itself, and, like the options, the same all its life
                    .filter(field -> !isConstant(field.getType()))
                    .filter(field -> !UNIMPORTANT.contains(owner + "." + field.getName()))
                    .forEach(field -> {
                        field.setAccessible(true);
                        found.add(field);
                    });
        }
        return found.toArray(Field[]::new);
    }
}
