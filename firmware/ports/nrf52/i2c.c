// The I2C bus: TWI 0, the one without EasyDMA, at 400 kHz, on the pins that the board's config gives its sensor
// ("TWI", "GPIO" in the nRF52832 and nRF52840 product specifications; the nRF51's is the same). TWI 0 has its registers
// where SPI 0 has them. Polled: a transfer takes at most 3 ms.
#include "sensors/i2c.h"

#include "board.h"

#ifdef FTTE_PIN_SENSOR_SDA

#define TWI_TASKS_STARTRX REGISTER(0x40003000u)
#define TWI_TASKS_STARTTX REGISTER(0x40003008u)
#define TWI_TASKS_STOP REGISTER(0x40003014u)
#define TWI_TASKS_RESUME REGISTER(0x40003020u)
#define TWI_EVENTS_STOPPED REGISTER(0x40003104u)
#define TWI_EVENTS_RXDREADY REGISTER(0x40003108u)
#define TWI_EVENTS_TXDSENT REGISTER(0x4000311cu)
#define TWI_EVENTS_ERROR REGISTER(0x40003124u)
#define TWI_SHORTS REGISTER(0x40003200u)
#define TWI_ERRORSRC REGISTER(0x400034c4u) // write 1 to clear
#define TWI_ENABLE REGISTER(0x40003500u)
#define TWI_PSELSCL REGISTER(0x40003508u)
#define TWI_PSELSDA REGISTER(0x4000350cu)
#define TWI_RXD REGISTER(0x40003518u)
#define TWI_TXD REGISTER(0x4000351cu)
#define TWI_FREQUENCY REGISTER(0x40003524u)
#define TWI_ADDRESS REGISTER(0x40003588u)
#define TWI_400_KHZ 0x06680000u
enum {
    TWI_DISABLED = 0,
    TWI_ENABLED = 5,
    SHORT_BB_SUSPEND = 1, // at a byte's border the clock waits for TASKS_RESUME
    SHORT_BB_STOP = 2,
    ERROR_ANACK = 1 << 1
};

// GPIO port 0 and 1, 32 pins each
#define GPIO(pin, offset) REGISTER(0x50000000u + 0x300u * ((pin) / 32) + (offset))
#define GPIO_OUTSET(pin) GPIO(pin, 0x508)
#define GPIO_IN(pin) GPIO(pin, 0x510)
#define GPIO_DIRSET(pin) GPIO(pin, 0x518)
#define GPIO_DIRCLR(pin) GPIO(pin, 0x51c)
#define GPIO_OUTCLR(pin) GPIO(pin, 0x50c)
#define GPIO_PIN_CNF(pin) GPIO(pin, 0x700u + 4u * ((pin) % 32))
#define PIN_BIT(pin) (1u << ((pin) % 32))
enum { PIN_PULL_UP = 3 << 2, PIN_S0D1 = 6 << 8, PIN_H0H1 = 3 << 8, PIN_OUTPUT = 1 };

enum { SDA = FTTE_PIN_SENSOR_SDA, SCL = FTTE_PIN_SENSOR_SCL, TIMEOUT_MS = 5, CLEAR_PULSES = 9, HALF_TICKS = 400 };

static bool opened;

static void wait_half(void) {
    for (volatile int i = 0; i < HALF_TICKS; i++) {
    }
}

static void enable(void) {
    TWI_ENABLE = TWI_DISABLED;
    GPIO_PIN_CNF(SDA) = GPIO_PIN_CNF(SCL) = PIN_PULL_UP | PIN_S0D1;
    TWI_PSELSCL = SCL;
    TWI_PSELSDA = SDA;
    TWI_FREQUENCY = TWI_400_KHZ;
    TWI_ENABLE = TWI_ENABLED;
}

// The sensor's supply, where a pin gives it: the sensor answers when it has booted.
static void power(void) {
#ifdef FTTE_PIN_SENSOR_POWER
    GPIO_OUTSET(FTTE_PIN_SENSOR_POWER) = PIN_BIT(FTTE_PIN_SENSOR_POWER);
    GPIO_PIN_CNF(FTTE_PIN_SENSOR_POWER) = PIN_OUTPUT | PIN_H0H1;
#endif
}

// Nine clock pulses let a device go on that holds SDA; the TWI's own STOP follows with the next transfer.
static void clear_bus(void) {
    TWI_ENABLE = TWI_DISABLED;
    GPIO_OUTCLR(SCL) = PIN_BIT(SCL);
    for (int i = 0; i < CLEAR_PULSES && !(GPIO_IN(SDA) & PIN_BIT(SDA)); i++) {
        GPIO_DIRSET(SCL) = PIN_BIT(SCL);
        wait_half();
        GPIO_DIRCLR(SCL) = PIN_BIT(SCL);
        wait_half();
    }
    enable();
}

// Waits for an event. False at an error of the bus, or when time is over.
static bool happens(volatile uint32_t *event) {
    for (uint32_t start = ftte_port_clock_ms(); !*event;)
        if (TWI_EVENTS_ERROR || ftte_port_clock_ms() - start > TIMEOUT_MS) return false;
    *event = 0;
    return true;
}

static bool send(const uint8_t *bytes, size_t count) {
    TWI_EVENTS_TXDSENT = 0;
    TWI_TASKS_STARTTX = 1;
    for (size_t i = 0; i < count; i++) {
        TWI_TXD = bytes[i];
        if (!happens(&TWI_EVENTS_TXDSENT)) return false;
    }
    return true;
}

// The last byte is not acknowledged, and a STOP follows it: so the hardware must know it before it begins.
static bool receive(uint8_t *bytes, size_t count) {
    TWI_EVENTS_RXDREADY = 0;
    TWI_SHORTS = count == 1 ? SHORT_BB_STOP : SHORT_BB_SUSPEND;
    TWI_TASKS_STARTRX = 1;
    for (size_t i = 0; i < count; i++) {
        if (!happens(&TWI_EVENTS_RXDREADY)) return false;
        bytes[i] = (uint8_t)TWI_RXD;
        if (i + 2 == count) TWI_SHORTS = SHORT_BB_STOP;
        if (i + 1 < count) TWI_TASKS_RESUME = 1;
    }
    return true;
}

// What went wrong, and the bus free again.
static int failed(void) {
    uint32_t source = TWI_ERRORSRC;
    TWI_ERRORSRC = source;
    TWI_EVENTS_ERROR = 0;
    TWI_SHORTS = 0;
    TWI_EVENTS_STOPPED = 0;
    TWI_TASKS_STOP = 1;
    if (!happens(&TWI_EVENTS_STOPPED) || !(GPIO_IN(SDA) & PIN_BIT(SDA))) clear_bus();
    return source & ERROR_ANACK ? FTTE_ERR_SENSOR_ABSENT : FTTE_ERR_SENSOR_BUS;
}

int ftte_port_i2c_transfer(uint8_t address, const uint8_t *write, size_t write_bytes, uint8_t *read,
                           size_t read_bytes) {
    if (!opened) power();
    if (!opened) enable();
    opened = true;
    TWI_ADDRESS = address;
    TWI_EVENTS_STOPPED = TWI_EVENTS_ERROR = 0;
    TWI_SHORTS = 0;
    bool done = write_bytes == 0 || send(write, write_bytes);
    if (done && read_bytes > 0) done = receive(read, read_bytes);
    if (done && read_bytes == 0) TWI_TASKS_STOP = 1;
    return done && happens(&TWI_EVENTS_STOPPED) ? FTTE_OK : failed();
}

#else // a board without a bus

int ftte_port_i2c_transfer(uint8_t address, const uint8_t *write, size_t write_bytes, uint8_t *read,
                           size_t read_bytes) {
    (void)address, (void)write, (void)write_bytes, (void)read, (void)read_bytes;
    return FTTE_ERR_SENSOR_ABSENT;
}

#endif
